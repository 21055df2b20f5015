// What OAuth must remember: pushed requests, grants, codes, refresh tokens, and what was used once.
// Codes, refresh tokens and request URIs stand as SHA-256 only. Codes are spent, refresh tokens are kept and the data
// API's proofs are written by guards alone, under the ledger's head lock, so that none of them can deadlock with it.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await requests(db);
  await grants(db);
  await usedOnce(db);
  await guards(db);
  await rights(db);
}

const requests = (db: Kysely<unknown>) =>
  sql`
  create schema oauth;

  -- session_until is set when the page is opened first: from then on it, and not expires_at, ends the request.
  create table oauth.pushed_request (
    request_hash bytea primary key check (octet_length(request_hash) = 32),
    client_id text not null,
    redirect_uri text not null check (length(redirect_uri) <= 2000),
    state text check (length(state) between 1 and 2000),
    code_challenge text not null check (code_challenge ~ '^[A-Za-z0-9_-]{43}$'),
    dpop_jkt text check (dpop_jkt ~ '^[A-Za-z0-9_-]{43}$'),
    detail jsonb not null,
    expires_at timestamptz not null,
    session_until timestamptz,
    spent_at timestamptz
  )`.execute(db);

const grants = (db: Kysely<unknown>) =>
  sql`
  create table oauth.grant (
    grant_id text primary key check (grant_id ~ '^grant_[A-Za-z0-9_-]{22}$'),
    client_id text not null,
    consent_id text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    revoked_reason text check (length(revoked_reason) between 1 and 200),
    check ((revoked_at is null) = (revoked_reason is null))
  );
  create index grant_consent on oauth.grant (consent_id);
  create table oauth.authorization_code (
    code_hash bytea primary key check (octet_length(code_hash) = 32),
    grant_id text not null references oauth.grant,
    client_id text not null,
    redirect_uri text not null,
    code_challenge text not null,
    dpop_jkt text,
    expires_at timestamptz not null,
    spent_at timestamptz
  );
  create table oauth.refresh_token (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    grant_id text not null references oauth.grant,
    client_id text not null,
    issued_at timestamptz not null
  );
  -- Single access tokens that are dead before their time; a revoked grant kills all of its own.
  create table oauth.revoked_token (token_id text primary key, expires_at timestamptz not null);
  -- Keys that sign access tokens: in the ledger since published_at.
  create table oauth.signing_key (kid text primary key, public_jwk text not null, published_at timestamptz not null)`.execute(
    db,
  );

const usedOnce = (db: Kysely<unknown>) =>
  sql`
  create table oauth.used_assertion (
    client_id text not null, jti_hash text not null, expires_at timestamptz not null, primary key (client_id, jti_hash)
  );
  create table oauth.used_proof (
    jkt text not null, jti_hash text not null, expires_at timestamptz not null, primary key (jkt, jti_hash)
  );
  -- Proofs at the data API: apart from used_proof, because this one is written only under the head lock.
  create table oauth.read_proof (
    jkt text not null, jti_hash text not null, expires_at timestamptz not null, primary key (jkt, jti_hash)
  )`.execute(db);

// Each returns a row for each request that fails, by position. Where one batch names the same code or proof twice,
// the first of them has it.
const guards = (db: Kysely<unknown>) =>
  sql`
  create function oauth.guard_read_proof_unused(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      with asked as materialized (
        select (r.value ->> 'position')::integer as at, r.value -> 'args' ->> 'jkt' as jkt,
          r.value -> 'args' ->> 'jti_hash' as jti_hash, (r.value -> 'args' ->> 'expires_s')::double precision as expires_s
        from jsonb_array_elements(p_requests) r
      ), first_asked as materialized (
        select distinct on (a.jkt, a.jti_hash) a.at, a.jkt, a.jti_hash, a.expires_s
        from asked a where a.jkt is not null and a.jti_hash is not null and a.expires_s is not null
        order by a.jkt, a.jti_hash, a.at
      ), taken as (
        insert into oauth.read_proof (jkt, jti_hash, expires_at)
        select f.jkt, f.jti_hash, to_timestamp(f.expires_s) from first_asked f
        on conflict do nothing returning jkt, jti_hash
      )
      select a.at, 'invalid_dpop_proof' from asked a
      where a.at not in (select f.at from first_asked f join taken t on t.jkt = f.jkt and t.jti_hash = f.jti_hash);
  end $$;

  create function oauth.guard_token_not_revoked(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'token_revoked'
      from jsonb_array_elements(p_requests) r
      where not exists (select from oauth.grant g
          where g.grant_id = r.value -> 'args' ->> 'grant_id' and g.revoked_at is null)
        or exists (select from oauth.revoked_token t where t.token_id = r.value -> 'args' ->> 'jti');
  end $$;

  -- For issuing a token. Not the guard consent-in-force: that one is of a read, and spends a consent to a single read.
  create function oauth.guard_grant_in_force(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'grant_over'
      from jsonb_array_elements(p_requests) r
      where not exists (
        select from oauth.grant g join consent.consent c on c.consent_id = g.consent_id and c.log_id = p_log
        where g.grant_id = r.value -> 'args' ->> 'grant_id' and g.revoked_at is null
          and c.state = 'given' and c.expires_at > ledger.now());
  end $$;

  -- Spends the code and keeps the refresh token that its redemption gives, both hashes in base64.
  create function oauth.guard_code_unspent(p_log smallint, p_requests jsonb)
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
        returning f.at, f.refresh_hash, c.grant_id, c.client_id
      ), kept as (
        insert into oauth.refresh_token (token_hash, grant_id, client_id, issued_at)
        select s.refresh_hash, s.grant_id, s.client_id, ledger.now() from spent s where s.refresh_hash is not null
      )
      select a.at, 'invalid_grant' from asked a where a.at not in (select s.at from spent s);
  end $$;

  revoke all on function oauth.guard_read_proof_unused(smallint, jsonb), oauth.guard_token_not_revoked(smallint, jsonb),
    oauth.guard_grant_in_force(smallint, jsonb), oauth.guard_code_unspent(smallint, jsonb) from public;
  insert into ledger.guard (name, function) values
    ('read-proof-unused', 'oauth.guard_read_proof_unused'),
    ('token-not-revoked', 'oauth.guard_token_not_revoked'),
    ('grant-in-force', 'oauth.guard_grant_in_force'),
    ('code-unspent', 'oauth.guard_code_unspent')`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  grant usage on schema oauth to stabledoor_app;
  grant select, insert on oauth.pushed_request, oauth.grant, oauth.authorization_code, oauth.revoked_token,
    oauth.signing_key, oauth.used_assertion, oauth.used_proof to stabledoor_app;
  grant select on oauth.refresh_token to stabledoor_app;
  grant update (session_until, spent_at) on oauth.pushed_request to stabledoor_app;
  grant update (revoked_at, revoked_reason) on oauth.grant to stabledoor_app`.execute(db);
