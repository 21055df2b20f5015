// The life of a consent, held to by the database too: only the moves of the diagram, version by version; what a narrowing
// leaves out is read no more; and a consent ends with the tenancy that it rests on.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await columns(db);
  await moves(db);
  await guard(db);
  await narrowedNotice(db);
  await sql`
    grant update (ends_at) on consent.consent to stabledoor_app;
    grant update (until_version) on consent.meter_ref to stabledoor_app`.execute(db);
}

const columns = (db: Kysely<unknown>) =>
  sql`
    -- ends_at: when a tenancy that it rests on is over; the earlier of this and expires_at counts.
    alter table consent.consent add column ends_at timestamptz;
    -- The first version that does not have this meter point any more.
    alter table consent.meter_ref add column until_version integer check (until_version > 1);
    drop index consent.consent_expires_at_idx;
    create index consent_over_at on consent.consent (least(expires_at, ends_at)) where state = 'given';
    create index consent_once on consent.consent (consent_id) where state = 'given' and once;
    create index consent_unanswered on consent.consent (requested_at) where state = 'requested';
    create index meter_ref_of_point on consent.meter_ref (meter_point_id, log_id)`.execute(db);

// The table of src/consent/consent.ts a second time: a test holds the two against each other.
const moves = (db: Kysely<unknown>) =>
  sql`
    create function consent.refuse_other_moves() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp as $$
    begin
      if old.state = 'requested' and (new.state = 'given' and new.version = 1
           or new.state in ('requested', 'refused', 'lapsed') and new.version = 0) then return new; end if;
      if old.state = 'given' and (new.state = 'given' and new.version in (old.version, old.version + 1)
           or new.state in ('stopped', 'expired', 'ended', 'returned', 'superseded') and new.version = old.version) then
        return new;
      end if;
      if old.state = new.state and old.version = new.version then return new; end if;
      raise exception 'consent: from % version % there is no move to % version %',
        old.state, old.version, new.state, new.version using errcode = 'SD010';
    end $$;
    revoke all on function consent.refuse_other_moves() from public;
    create trigger only_drawn_moves before update of state, version on consent.consent
      for each row execute function consent.refuse_other_moves()`.execute(db);

// As it was, and: not past the end of the tenancy, and no meter point that was left out.
const guard = (db: Kysely<unknown>) =>
  sql`
    create or replace function consent.guard_in_force(p_log smallint, p_requests jsonb)
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
             and m.consent_id = a.args ->> 'consent_id' and m.until_version is null
            join consent.consent c on c.consent_id = m.consent_id and c.log_id = p_log
           where c.state = 'given' and least(c.expires_at, c.ends_at) > v_now
             and c.client_id = a.args ->> 'third_party' and c.version = (a.args ->> 'version')::integer
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
    end $$`.execute(db);

const narrowedNotice = (db: Kysely<unknown>) =>
  sql`
    alter table notify.notice drop constraint notice_event_check;
    alter table notify.notice add constraint notice_event_check
      check (event in ('consent-over', 'consent-narrowed', 'access-suspended', 'access-restored'));
    create function notify.consent_narrowed() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform notify.write_notice(new.client_id, 'consent-narrowed', new.consent_id);
      return null;
    end $$;
    revoke all on function notify.consent_narrowed() from public;
    create trigger consent_narrowed after update of version on consent.consent
      for each row when (old.state = 'given' and new.state = 'given' and new.version > old.version)
      execute function notify.consent_narrowed()`.execute(db);
