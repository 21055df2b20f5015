// A request may ask by a scope that stands for a detail. The grant remembers which, so that a refresh may name it again and
// tokens can say it; what is granted stands in the consent alone, as ever.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  alter table oauth.pushed_request add column scope text check (scope ~ '^readings:[a-z-]{1,60}$');
  alter table oauth.grant add column scope text check (scope ~ '^readings:[a-z-]{1,60}$');
  drop function oauth.replace_grant(smallint, text, text);
  -- As 0010 made it, but for the scope that the newer request asked by.
  create function oauth.replace_grant(p_log smallint, p_grant text, p_consent text, p_scope text) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  begin
    update oauth.grant g set consent_id = p_consent, scope = p_scope, updated_at = ledger.now()
      from consent.consent o, consent.consent n
      where g.grant_id = p_grant and g.revoked_at is null
        and o.consent_id = g.consent_id and o.log_id = p_log
        and n.consent_id = p_consent and n.log_id = p_log and n.state = 'given'
        and n.client_id = g.client_id and n.client_id = o.client_id and n.occupier_id = o.occupier_id;
    return found;
  end $$;
  revoke all on function oauth.replace_grant(smallint, text, text, text) from public;
  grant execute on function oauth.replace_grant(smallint, text, text, text) to stabledoor_app`.execute(db);
}
