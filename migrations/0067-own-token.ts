// A read without a consent comes with a token in the third party's own name, which is of no grant: whether it was revoked is asked
// under the head lock as well.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  create function oauth.guard_own_token(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'token_revoked' from jsonb_array_elements(p_requests) r
       where exists (select from oauth.revoked_token t where t.token_id = r.value -> 'args' ->> 'jti');
  end $$;
  revoke all on function oauth.guard_own_token(smallint, jsonb) from public;
  insert into ledger.guard (name, function) values ('own-token-not-revoked', 'oauth.guard_own_token')`.execute(
    db,
  );
}
