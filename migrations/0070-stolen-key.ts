// A key of access tokens that got out is retired at once: whatever it signed is dead, and it signs nothing more. Both are asked
// in the transaction that records a read or a token, so that no process has to hear of it first. A key that is retired in its
// turn has outlived its tokens by then, so that this refuses none of them.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await guards(db);
  await retirement(db);
}

const guards = (db: Kysely<unknown>) =>
  sql`
  -- They fail closed: a token that names no key, or one that is not on record, does not stand either.
  create or replace function oauth.guard_token_not_revoked(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'token_revoked'
      from jsonb_array_elements(p_requests) r
      where not exists (select from oauth.grant g
          where g.grant_id = r.value -> 'args' ->> 'grant_id' and g.revoked_at is null)
        or not exists (select from oauth.signing_key k
          where k.kid = r.value -> 'args' ->> 'kid' and k.retired_at is null)
        or exists (select from oauth.revoked_token t where t.token_id = r.value -> 'args' ->> 'jti');
  end $$;
  create or replace function oauth.guard_own_token(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'token_revoked' from jsonb_array_elements(p_requests) r
       where exists (select from oauth.revoked_token t where t.token_id = r.value -> 'args' ->> 'jti')
          or not exists (select from oauth.signing_key k
            where k.kid = r.value -> 'args' ->> 'kid' and k.retired_at is null);
  end $$;
  create function oauth.guard_signing_key(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'signing_key_retired' from jsonb_array_elements(p_requests) r
       where not exists (select from oauth.signing_key k
         where k.kid = r.value -> 'args' ->> 'kid' and k.retired_at is null);
  end $$;
  revoke all on function oauth.guard_signing_key(smallint, jsonb) from public;
  insert into ledger.guard (name, function) values ('signing-key-stands', 'oauth.guard_signing_key')`.execute(
    db,
  );

// The application may not retire a key in any other way: neither before its time nor the last one that signs.
const retirement = (db: Kysely<unknown>) =>
  sql`
  revoke update (retired_at) on oauth.signing_key from stabledoor_app;
  create function oauth.retire_due_keys() returns setof text language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    update oauth.signing_key k set retired_at = ledger.now()
     where k.retired_at is null and exists (
       select from oauth.signing_key n where n.retired_at is null and n.signs_from > k.signs_from
          and n.signs_from <= ledger.now() - interval '600 seconds')
    returning k.public_jwk
  $$;
  create function oauth.retire_key_now(p_kid text) returns text language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    update oauth.signing_key k set retired_at = ledger.now()
     where k.kid = p_kid and k.retired_at is null and exists (
       select from oauth.signing_key n where n.kid <> k.kid and n.retired_at is null and n.signs_from <= ledger.now())
    returning k.public_jwk
  $$;
  revoke all on function oauth.retire_due_keys(), oauth.retire_key_now(text) from public;
  grant execute on function oauth.retire_due_keys(), oauth.retire_key_now(text) to stabledoor_app`.execute(
    db,
  );
