// The guards of before, each with one look at an index for whatever it is asked of. A guard runs while the log's head is locked,
// and its plan is kept: where "exists" joins what is asked, PostgreSQL reads every grant, code, consent and token there is to
// look for a few of them, for it takes the list that is asked for a hundred long. What is limited to a row is not joined so.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tokens(db);
  await codes(db);
  await consents(db);
  await parties(db);
  await rights(db);
}

const tokens = (db: Kysely<unknown>) =>
  sql`
  create or replace function oauth.guard_token_not_revoked(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'token_revoked'
        from jsonb_array_elements(p_requests) r
        left join lateral (select true as stands from oauth.grant g
          where g.grant_id = r.value -> 'args' ->> 'grant_id' and g.revoked_at is null limit 1) g on true
        left join lateral (select true as stands from oauth.signing_key k
          where k.kid = r.value -> 'args' ->> 'kid' and k.retired_at is null limit 1) k on true
        left join lateral (select true as is_there from oauth.revoked_token t
          where t.token_id = r.value -> 'args' ->> 'jti' limit 1) t on true
       where g.stands is null or k.stands is null or t.is_there;
  end $$;
  create or replace function oauth.guard_own_token(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'token_revoked'
        from jsonb_array_elements(p_requests) r
        left join lateral (select true as stands from oauth.signing_key k
          where k.kid = r.value -> 'args' ->> 'kid' and k.retired_at is null limit 1) k on true
        left join lateral (select true as is_there from oauth.revoked_token t
          where t.token_id = r.value -> 'args' ->> 'jti' limit 1) t on true
       where k.stands is null or t.is_there;
  end $$;
  create or replace function oauth.guard_signing_key(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'signing_key_retired'
        from jsonb_array_elements(p_requests) r
        left join lateral (select true as stands from oauth.signing_key k
          where k.kid = r.value -> 'args' ->> 'kid' and k.retired_at is null limit 1) k on true
       where k.stands is null;
  end $$`.execute(db);

const codes = (db: Kysely<unknown>) =>
  sql`
  create or replace function oauth.guard_grant_in_force(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'grant_over'
        from jsonb_array_elements(p_requests) r
        left join lateral (
          select true as stands from oauth.grant g join consent.consent c on c.consent_id = g.consent_id and c.log_id = p_log
           where g.grant_id = r.value -> 'args' ->> 'grant_id' and g.revoked_at is null
             and g.consent_id = coalesce(r.value -> 'args' ->> 'consent_id', g.consent_id)
             and c.state = 'given' and least(c.expires_at, c.ends_at) > ledger.now()
           limit 1) f on true
       where f.stands is null;
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
      ), now_spent as (
        update oauth.authorization_code c set spent_at = ledger.now()
        where c.code_hash = any (array(select f.code_hash from first_asked f))
          and c.spent_at is null and c.expires_at > ledger.now()
        returning c.code_hash, c.grant_id, c.client_id, c.consent_id
      ), spent as (
        select f.at, f.refresh_hash, n.grant_id, n.client_id, n.consent_id
        from now_spent n join first_asked f on f.code_hash = n.code_hash
      ), kept as (
        insert into oauth.refresh_token (token_hash, grant_id, client_id, consent_id, issued_at)
        select s.refresh_hash, s.grant_id, s.client_id, s.consent_id, ledger.now() from spent s
        where s.refresh_hash is not null
      )
      select a.at, 'invalid_grant' from asked a where a.at not in (select s.at from spent s);
  end $$`.execute(db);

const consents = (db: Kysely<unknown>) =>
  sql`
  create or replace function consent.guard_in_force(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  declare v_now timestamptz := ledger.now();
  begin
    return query
      with asked as materialized (
        select (r.value ->> 'position')::integer as place, r.value -> 'args' as args
          from jsonb_array_elements(p_requests) r
      ), standing as materialized (
        select a.place, f.meter_ref, f.consent_id, f.once
          from asked a
          cross join lateral (
            select m.meter_ref, m.consent_id, c.once
              from consent.meter_ref m
              join consent.consent c on c.consent_id = m.consent_id and c.log_id = p_log
             where m.meter_ref = a.args ->> 'meter_ref' and m.log_id = p_log
               and m.consent_id = a.args ->> 'consent_id' and m.until_version is null
               and c.state = 'given' and least(c.expires_at, c.ends_at) > v_now
               and c.client_id = a.args ->> 'third_party' and c.version = (a.args ->> 'version')::integer
             limit 1) f
      ), spent as (
        insert into consent.single_read (log_id, meter_ref, consent_id)
          select distinct p_log, s.meter_ref, s.consent_id from standing s where s.once
          on conflict do nothing
          returning single_read.meter_ref
      ), passed as (
        select s.place from standing s where not s.once
        union all
        select min(s.place) from standing s join spent p on p.meter_ref = s.meter_ref where s.once
          group by s.meter_ref
      )
      select a.place, 'consent_not_in_force' from asked a
        where not exists (select from passed p where p.place = a.place);
  end $$`.execute(db);

const parties = (db: Kysely<unknown>) =>
  sql`
  create or replace function registry.guard_third_party_active(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select (r.value ->> 'position')::integer, 'third_party_suspended'
        from jsonb_array_elements(p_requests) r
        left join lateral (select true as is_active from registry.third_party t
          where t.client_id = r.value -> 'args' ->> 'client_id' and t.status = 'active' limit 1) t on true
       where t.is_active is null;
  end $$`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  create or replace function lawful.guard_supply(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select a.place, case when s.supply_id is null then 'right_not_in_force' else 'opted_out' end
        from (select (r.value ->> 'position')::integer as place, r.value -> 'args' as args
                from jsonb_array_elements(p_requests) r) a
        left join lateral (select f.supply_id, f.opted_out from lawful.supply f
          where f.supply_id = a.args ->> 'supply_id' and f.log_id = p_log and f.ended_at is null
            and f.meter_ref = a.args ->> 'meter_ref' and f.client_id = a.args ->> 'third_party' limit 1) s on true
       where s.supply_id is null
          or (a.args ->> 'purpose' = any (s.opted_out) and a.args ->> 'purpose' <> all (string_to_array(a.args ->> 'opted_out', ' ')));
  end $$;
  create or replace function lawful.guard_order(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  declare v_now timestamptz := ledger.now();
  begin
    return query
      select a.place, 'right_not_in_force'
        from (select (r.value ->> 'position')::integer as place, r.value -> 'args' as args
                from jsonb_array_elements(p_requests) r) a
        left join lateral (
          select true as stands from lawful.lawful_order o join lawful.order_point p on p.order_id = o.order_id
           where o.order_id = a.args ->> 'order_id' and o.log_id = p_log and not o.carried and o.expires_at > v_now
             and p.meter_ref = a.args ->> 'meter_ref' and o.client_id = a.args ->> 'third_party'
           limit 1) f on true
       where f.stands is null;
  end $$`.execute(db);
