// Consents: what was asked, what was given in each version, who may read what by it, and each step of its life.
// Terms and steps are only ever added; the one row that changes holds the state, and the guard reads it under the head lock.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await guard(db);
  await sql`
    grant usage on schema consent to stabledoor_app;
    grant select, insert on consent.consent, consent.terms, consent.meter_ref, consent.step to stabledoor_app;
    grant select on consent.single_read to stabledoor_app;
    grant update (state, version, expires_at, changed_at) on consent.consent to stabledoor_app`.execute(db);
}

// log_id is part of every key and no constraint reaches across it, so that households can be spread over databases.
const tables = (db: Kysely<unknown>) =>
  sql`
    create schema consent;
    create table consent.consent (
      log_id smallint not null,
      consent_id text not null check (consent_id ~ '^consent_[A-Za-z0-9_-]{22}$'),
      household_id text not null,
      occupier_id text not null,
      client_id text not null,
      -- What the third party's request is known by where it came in: opening it twice is one request.
      request_ref text not null check (length(request_ref) between 1 and 200),
      purpose text not null check (length(purpose) between 1 and 40),
      once boolean not null,
      note text check (length(note) between 1 and 60),
      state text not null check (state in ('requested', 'given', 'refused', 'lapsed', 'stopped', 'expired', 'ended',
        'returned', 'superseded')),
      version integer not null check (version >= 0),
      expires_at timestamptz,
      -- The lines that were shown, and SHA-256 over them.
      wording jsonb not null,
      wording_digest text not null check (wording_digest ~ '^[A-Za-z0-9+/]{43}=$'),
      requested_at timestamptz not null,
      changed_at timestamptz not null,
      primary key (consent_id, log_id),
      unique (log_id, household_id, occupier_id, request_ref),
      check ((version = 0) = (expires_at is null)),
      check ((version = 0) = (state in ('requested', 'refused', 'lapsed')))
    );
    create unique index one_open_request on consent.consent (log_id, household_id, client_id)
      where state = 'requested';
    create unique index one_given on consent.consent (log_id, household_id, client_id, purpose)
      where state = 'given';
    create index on consent.consent (log_id, occupier_id, requested_at);
    create index on consent.consent (log_id, client_id, consent_id);
    create index on consent.consent (expires_at) where state = 'given';

    -- Version 0 is what was asked, 1 what was given, the next ones what it was narrowed to.
    create table consent.terms (
      log_id smallint not null,
      consent_id text not null,
      version integer not null check (version >= 0),
      resolution text not null check (resolution in ('P1M', 'P1D', 'PT30M')),
      from_date date not null,
      until_date date not null check (until_date > from_date),
      fuels text[] not null check (cardinality(fuels) between 1 and 2),
      registers text[] not null check (cardinality(registers) between 1 and 3),
      primary key (consent_id, version, log_id)
    );
    -- How a third party names a meter point: a random id of this consent alone, so that it is no key for joining.
    create table consent.meter_ref (
      log_id smallint not null,
      meter_ref text not null check (meter_ref ~ '^mp_[A-Za-z0-9_-]{22}$'),
      consent_id text not null,
      meter_point_id text not null,
      primary key (meter_ref, log_id),
      unique (consent_id, meter_point_id, log_id)
    );
    -- One row a transition; req leads to its ledger entry.
    create table consent.step (
      log_id smallint not null,
      req uuid not null,
      consent_id text not null,
      event text not null check (event in ('request', 'give', 'refuse', 'lapse', 'narrow', 'stop', 'expire', 'end',
        'return', 'supersede')),
      version integer not null,
      at timestamptz not null,
      primary key (req, log_id)
    );
    create index on consent.step (consent_id, at);
    -- Written by the guard alone, under the head lock: a one-off consent is read once at each meter point.
    create table consent.single_read (
      log_id smallint not null,
      meter_ref text not null,
      consent_id text not null,
      primary key (meter_ref, log_id)
    )`.execute(db);

// Returns a row for each request that fails. VOLATILE: its snapshot is taken after the head lock, so a stop that
// committed before the batch is seen. Of two reads of a one-off in one batch, the first position wins.
const guard = (db: Kysely<unknown>) =>
  sql`
    create function consent.guard_in_force(p_log smallint, p_requests jsonb)
    returns table ("position" integer, reason text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare v_now timestamptz := ledger.now();
    begin
      return query
        with asked as materialized (
          select (r.value ->> 'position')::integer as place, r.value -> 'args' as args
            from jsonb_array_elements(p_requests) r
        ), standing as materialized (
          select a.place, m.meter_ref, m.consent_id, c.once
            from asked a
            join consent.meter_ref m on m.meter_ref = a.args ->> 'meter_ref' and m.log_id = p_log
             and m.consent_id = a.args ->> 'consent_id'
            join consent.consent c on c.consent_id = m.consent_id and c.log_id = p_log
           where c.state = 'given' and c.expires_at > v_now and c.client_id = a.args ->> 'third_party'
             and c.version = (a.args ->> 'version')::integer
        ), spent as (
          insert into consent.single_read (log_id, meter_ref, consent_id)
            select distinct p_log, s.meter_ref, s.consent_id from standing s where s.once
            on conflict do nothing
            returning single_read.meter_ref
        ), passed as (
          select s.place from standing s where not s.once
          union all
          select min(s.place) from standing s join spent p on p.meter_ref = s.meter_ref where s.once
            group by s.meter_ref
        )
        select a.place, 'consent_not_in_force' from asked a
          where not exists (select from passed p where p.place = a.place);
    end $$;
    revoke all on function consent.guard_in_force(smallint, jsonb) from public;
    insert into ledger.guard (name, function) values ('consent-in-force', 'consent.guard_in_force')`.execute(
    db,
  );
