// Helpers: whom a household asked to look after its sharing with it, by an invitation sent to their address. And
// authorities: that an occupier answers for a home as somebody's attorney or deputy, as an operator recorded it.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  create table household.helper (
    helper_id text primary key check (helper_id ~ '^helper_[A-Za-z0-9_-]{22}$'),
    household_id text not null references household.household,
    email text not null check (email = lower(email) and length(email) between 3 and 254),
    -- Of the secret in the invitation's link.
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    invited_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > invited_at),
    accepted_at timestamptz,
    occupier_id text references household.occupier,
    ended_at timestamptz,
    check ((accepted_at is null) = (occupier_id is null))
  );
  create index on household.helper (household_id);
  create index on household.helper (occupier_id);
  create table household.authority (
    occupier_id text primary key references household.occupier,
    kind text not null check (kind in ('attorney', 'deputy')),
    -- Where the papers that show it are found.
    reference text not null check (length(reference) between 1 and 100),
    recorded_at timestamptz not null
  )`.execute(db);
  await erasing(db);
  await sql`
  revoke all on function household.erase_helpers(smallint, text) from public;
  grant select, insert on household.helper to stabledoor_app;
  grant update (accepted_at, occupier_id, ended_at) on household.helper to stabledoor_app;
  grant select, insert, delete on household.authority to stabledoor_app`.execute(db);
}

// Those who help it, and those whom its occupiers help.
const erasing = (db: Kysely<unknown>) =>
  sql`
  create function household.erase_helpers(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    delete from household.helper h where h.household_id = p_household or h.occupier_id in (
      select o.occupier_id from household.occupier o where o.household_id = p_household);
    delete from household.authority a using household.occupier o
      where o.household_id = p_household and a.occupier_id = o.occupier_id;
  end $$;
  insert into subject.eraser (place, function) values (26, 'household.erase_helpers')`.execute(db);
