// Grant management: a grant can be replaced, and then its codes and refresh tokens of before are worth nothing, because each
// names the consent that it was made for. The guards compare that with the grant under the ledger's head lock.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await columns(db);
  await guards(db);
  await replacing(db);
}

// The application may not point a grant elsewhere. This alone does, and only to a consent that the same occupier gave to the
// same third party.
const replacing = (db: Kysely<unknown>) =>
  sql`
  create function oauth.replace_grant(p_log smallint, p_grant text, p_consent text) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  begin
    update oauth.grant g set consent_id = p_consent, updated_at = ledger.now()
      from consent.consent o, consent.consent n
      where g.grant_id = p_grant and g.revoked_at is null
        and o.consent_id = g.consent_id and o.log_id = p_log
        and n.consent_id = p_consent and n.log_id = p_log and n.state = 'given'
        and n.client_id = g.client_id and n.client_id = o.client_id and n.occupier_id = o.occupier_id;
    return found;
  end $$;
  revoke all on function oauth.replace_grant(smallint, text, text) from public;
  grant execute on function oauth.replace_grant(smallint, text, text) to stabledoor_app`.execute(db);

const columns = (db: Kysely<unknown>) =>
  sql`
  alter table oauth.pushed_request add column replaces_grant text check (replaces_grant ~ '^grant_[A-Za-z0-9_-]{22}$');
  alter table oauth.grant add column updated_at timestamptz;
  alter table oauth.authorization_code add column consent_id text;
  alter table oauth.refresh_token add column consent_id text;
  update oauth.authorization_code c set consent_id = g.consent_id from oauth.grant g where g.grant_id = c.grant_id;
  update oauth.refresh_token r set consent_id = g.consent_id from oauth.grant g where g.grant_id = r.grant_id;
  alter table oauth.authorization_code alter column consent_id set not null;
  alter table oauth.refresh_token alter column consent_id set not null`.execute(db);

const guards = (db: Kysely<unknown>) =>
  sql`
  -- With consent_id, the grant must still be for that very consent: it may have been replaced since the code was made.
  create or replace function oauth.guard_grant_in_force(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'grant_over'
      from jsonb_array_elements(p_requests) r
      where not exists (
        select from oauth.grant g join consent.consent c on c.consent_id = g.consent_id and c.log_id = p_log
        where g.grant_id = r.value -> 'args' ->> 'grant_id' and g.revoked_at is null
          and g.consent_id = coalesce(r.value -> 'args' ->> 'consent_id', g.consent_id)
          and c.state = 'given' and c.expires_at > ledger.now());
  end $$;

  create or replace function oauth.guard_code_unspent(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      with asked as materialized (
        select (r.value ->> 'position')::integer as at, decode(r.value -> 'args' ->> 'code_hash', 'base64') as code_hash,
          decode(r.value -> 'args' ->> 'refresh_hash', 'base64') as refresh_hash
        from jsonb_array_elements(p_requests) r
      ), first_asked as materialized (
        select distinct on (a.code_hash) a.at, a.code_hash, a.refresh_hash from asked a order by a.code_hash, a.at
      ), spent as (
        update oauth.authorization_code c set spent_at = ledger.now() from first_asked f
        where c.code_hash = f.code_hash and c.spent_at is null and c.expires_at > ledger.now()
        returning f.at, f.refresh_hash, c.grant_id, c.client_id, c.consent_id
      ), kept as (
        insert into oauth.refresh_token (token_hash, grant_id, client_id, consent_id, issued_at)
        select s.refresh_hash, s.grant_id, s.client_id, s.consent_id, ledger.now() from spent s
        where s.refresh_hash is not null
      )
      select a.at, 'invalid_grant' from asked a where a.at not in (select s.at from spent s);
  end $$`.execute(db);
