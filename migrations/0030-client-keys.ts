// Keys that a third party keeps at an address of its own: the address, and the last good copy of what stood there.
// The application can keep a new copy for such a third party alone; the keys of any other are as they were registered.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table registry.third_party
      add column jwks_uri text check (length(jwks_uri) between 1 and 2000),
      add column jwks_fetched_at timestamptz,
      add check ((jwks_uri is null) = (jwks_fetched_at is null));
    create function registry.keep_fetched_keys(p_client text, p_uri text, p_jwks jsonb) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update registry.third_party set jwks = p_jwks, jwks_fetched_at = ledger.now()
        where client_id = p_client and jwks_uri = p_uri;
      return found;
    end $$;
    revoke all on function registry.keep_fetched_keys(text, text, jsonb) from public;
    grant execute on function registry.keep_fetched_keys(text, text, jsonb) to stabledoor_app`.execute(db);
}
