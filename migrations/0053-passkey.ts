// Passkeys of occupiers and of operators, and the challenges that one may answer. A challenge is kept as its hash and goes
// when it is spent, so that nobody answers it twice; a passkey is its owner's alone and goes with them.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  create schema passkey;
  create table passkey.challenge (
    challenge_hash bytea primary key check (octet_length(challenge_hash) = 32),
    -- What it is for, and whom it was given to: an owner, or a browser that nobody has signed in with yet.
    use text not null check (use ~ '^[a-z]+(-[a-z]+)*$' and length(use) <= 40),
    subject text not null check (length(subject) between 1 and 120),
    expires_at timestamptz not null
  );
  create index on passkey.challenge (expires_at);
  create table passkey.credential (
    credential_id bytea primary key check (octet_length(credential_id) between 1 and 1023),
    owner text not null check (owner ~ '^(occupier|operator)_[A-Za-z0-9_-]{22}$'),
    -- COSE_Key (RFC 9052).
    public_key bytea not null check (octet_length(public_key) between 32 and 2048),
    counter bigint not null check (counter between 0 and 4294967295),
    transports text[] not null check (cardinality(transports) <= 8),
    -- Copied to other devices by whoever made the authenticator.
    synced boolean not null,
    label text not null check (length(label) between 1 and 60),
    added_at timestamptz not null,
    used_at timestamptz
  );
  create index on passkey.credential (owner)`.execute(db);
  await erasing(db);
  await sql`
  grant usage on schema passkey to stabledoor_app;
  grant select, insert, delete on passkey.challenge, passkey.credential to stabledoor_app;
  grant update (counter, used_at) on passkey.credential to stabledoor_app`.execute(db);
}

// Before the occupiers go, who say whose they are.
const erasing = (db: Kysely<unknown>) =>
  sql`
  create function passkey.erase_household(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    delete from passkey.credential c using household.occupier o
      where o.household_id = p_household and c.owner = o.occupier_id;
  end $$;
  revoke all on function passkey.erase_household(smallint, text) from public;
  insert into subject.eraser (place, function) values (25, 'passkey.erase_household')`.execute(db);
