// Households: who lives where, since when, and how they sign in. Nothing here is ever put in the ledger in clear.
// Codes and session tokens are kept as hashes only: whoever reads these tables cannot sign in with what they find.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await homes(db);
  await signIn(db);
  await sql`
    revoke all on all functions in schema household from public;
    grant usage on schema household to stabledoor_app;
    grant select, insert on household.household, household.occupier, household.meter_point, household.tenancy
      to stabledoor_app;
    grant update (until_date) on household.tenancy to stabledoor_app;
    grant update (zone) on household.meter_point to stabledoor_app;
    grant select, insert, delete on household.sign_in, household.session to stabledoor_app;
    grant update (tries, consumed_at) on household.sign_in to stabledoor_app;
    grant update (seen_at, ended_at) on household.session to stabledoor_app`.execute(db);
}

const homes = (db: Kysely<unknown>) =>
  sql`
    create schema household;
    -- log_id: the ledger shard of the household, which its consents share.
    create table household.household (
      household_id text primary key check (household_id ~ '^household_[A-Za-z0-9_-]{22}$'),
      log_id smallint not null,
      added_at timestamptz not null
    );
    create table household.occupier (
      occupier_id text primary key check (occupier_id ~ '^occupier_[A-Za-z0-9_-]{22}$'),
      household_id text not null references household.household,
      email text not null unique check (email = lower(email) and length(email) between 3 and 254),
      added_at timestamptz not null
    );
    create index on household.occupier (household_id);
    create table household.meter_point (
      meter_point_id text primary key check (meter_point_id ~ '^meter_point_[A-Za-z0-9_-]{22}$'),
      mpan text not null unique check (mpan ~ '^[A-Za-z0-9._:-]{1,64}$'),
      fuel text not null check (fuel in ('electricity', 'gas')),
      address text not null check (length(address) between 1 and 200),
      zone text not null check (length(zone) between 1 and 64)
    );
    -- until_date is the first day that is not theirs; one household at a time, so that nobody shares another's days.
    create table household.tenancy (
      meter_point_id text not null references household.meter_point,
      household_id text not null references household.household,
      from_date date not null,
      until_date date check (until_date > from_date),
      primary key (meter_point_id, from_date)
    );
    create unique index tenancy_current on household.tenancy (meter_point_id) where until_date is null;
    create index on household.tenancy (household_id);

    create function household.refuse_overlap() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      -- One change of a meter point's tenancies at a time, or two would each miss the other's.
      perform 1 from household.meter_point m where m.meter_point_id = new.meter_point_id for no key update;
      if exists (
        select from household.tenancy t
        where t.meter_point_id = new.meter_point_id and t.from_date <> new.from_date
          and daterange(t.from_date, t.until_date) && daterange(new.from_date, new.until_date)) then
        raise exception 'household: two tenancies of one meter point overlap' using errcode = '23P01';
      end if;
      return new;
    end $$;
    create trigger tenancies_apart before insert or update on household.tenancy
      for each row execute function household.refuse_overlap()`.execute(db);

const signIn = (db: Kysely<unknown>) =>
  sql`
    -- occupier_id is null where nobody has the address: such a code is never right, and nobody can tell.
    create table household.sign_in (
      challenge_hash bytea primary key check (octet_length(challenge_hash) = 32),
      occupier_id text references household.occupier,
      salt bytea not null check (octet_length(salt) = 16),
      code_hash bytea not null check (octet_length(code_hash) = 32),
      return_to text not null check (return_to ~ '^/' and length(return_to) <= 2048),
      tries smallint not null default 0 check (tries between 0 and 5),
      begun_at timestamptz not null,
      expires_at timestamptz not null,
      consumed_at timestamptz
    );
    create index on household.sign_in (occupier_id, begun_at);
    create index on household.sign_in (expires_at);
    create table household.session (
      token_hash bytea primary key check (octet_length(token_hash) = 32),
      occupier_id text not null references household.occupier,
      begun_at timestamptz not null,
      seen_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz
    );
    create index on household.session (expires_at)`.execute(db);
