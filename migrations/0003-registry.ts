// The registry of third parties, and the guard that refuses a ledger entry for one that is not active.
// A third party is never deleted: entries name it for ever.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await guard(db);
  await sql`
    grant usage on schema registry to stabledoor_app, stabledoor_audit;
    grant select, insert on registry.third_party, registry.note to stabledoor_app;
    grant update (status, suspended_reason) on registry.third_party to stabledoor_app;
    grant select on registry.third_party, registry.note to stabledoor_audit`.execute(db);
}

const tables = (db: Kysely<unknown>) =>
  sql`
    create schema registry;
    create table registry.third_party (
      client_id text primary key check (client_id ~ '^client_[A-Za-z0-9_-]{22}$'),
      name text not null check (length(name) between 1 and 120),
      trading_name text not null check (length(trading_name) between 1 and 120),
      class text not null check (class in ('supplier', 'network-operator', 'price-comparison', 'energy-adviser',
        'insurer', 'council', 'advertiser', 'researcher', 'lawful-authority')),
      legal_group text not null check (length(legal_group) between 1 and 120),
      registration_number text not null check (length(registration_number) <= 40),
      status text not null check (status in ('active', 'pending', 'suspended')),
      suspended_reason text check (length(suspended_reason) between 1 and 400),
      redirect_uris text[] not null check (cardinality(redirect_uris) between 1 and 20),
      purposes text[] not null check (cardinality(purposes) between 1 and 10),
      detail_types text[] not null check (cardinality(detail_types) >= 1),
      recipients text[] not null check (cardinality(recipients) <= 20),
      jwks jsonb not null check (jsonb_array_length(jwks -> 'keys') between 1 and 20),
      retention_days integer not null check (retention_days >= 0),
      registered_at timestamptz not null,
      check ((status = 'suspended') = (suspended_reason is not null))
    );
    create table registry.note (
      client_id text not null references registry.third_party,
      name text not null check (name ~ '^[a-z0-9-]{1,60}$'),
      text text not null check (length(text) between 1 and 400),
      primary key (client_id, name)
    )`.execute(db);

// Returns a row for each request that fails. VOLATILE, so that its snapshot is taken after
// the head lock: a suspension that committed before the batch is seen.
const guard = (db: Kysely<unknown>) =>
  sql`
    create function registry.guard_third_party_active(p_log smallint, p_requests jsonb)
    returns table ("position" integer, reason text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      return query
        select (r.value ->> 'position')::integer, 'third_party_suspended'
        from jsonb_array_elements(p_requests) r
        where not exists (
          select from registry.third_party t
          where t.client_id = r.value -> 'args' ->> 'client_id' and t.status = 'active');
    end $$;
    revoke all on function registry.guard_third_party_active(smallint, jsonb) from public;
    insert into ledger.guard (name, function)
      values ('third-party-active', 'registry.guard_third_party_active')`.execute(db);
