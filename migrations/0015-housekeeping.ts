// What is spent goes, a few rows at a time, through one function and no other way; and what must be remembered has a
// bound. At the bound nothing new is taken: forgetting a proof early would let it be used twice (P8).
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index on oauth.used_assertion (expires_at);
    create index on oauth.used_proof (expires_at);
    create index on oauth.read_proof (expires_at);
    create index on oauth.pushed_request (expires_at);
    create index on oauth.authorization_code (expires_at);
    create index on oauth.revoked_token (expires_at);
    -- One row: how many jtis must be remembered now, and whether there is room for more.
    create table oauth.jti_room (
      only_row boolean primary key default true check (only_row),
      live bigint not null default 0,
      most bigint not null default 1000000 check (most > 0),
      is_full boolean not null default false,
      counted_at timestamptz not null,
      -- Where the walk through the refresh tokens goes on.
      walked_to bytea not null default ''
    );
    insert into oauth.jti_room (counted_at) values (ledger.now());
    grant select (live, most, is_full, counted_at) on oauth.jti_room to stabledoor_app`.execute(db);
  await sweep(db);
  await guard(db);
}

// Later than it may: a clock that is set back a little must not find a hole. Spent codes stay a day, because a second use
// of one revokes what the first one gave.
const sweep = (db: Kysely<unknown>) =>
  sql`
  create function oauth.sweep(p_most integer) returns integer
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  declare
    v_now timestamptz := ledger.now();
    v_rows integer;
    v_largest integer := 0;
    v_spent record;
    v_walked bytea;
    v_live bigint;
  begin
    if p_most is null or p_most not between 1 and 10000 then
      raise exception 'oauth: sweep between 1 and 10000 rows' using errcode = '22023';
    end if;
    if not pg_try_advisory_xact_lock(7353015) then return 0; end if;
    for v_spent in select * from (values
      ('oauth.used_assertion', 'expires_at', interval '5 minutes'),
      ('oauth.used_proof', 'expires_at', interval '5 minutes'),
      ('oauth.read_proof', 'expires_at', interval '5 minutes'),
      ('oauth.pushed_request', 'expires_at', interval '1 day'),
      ('oauth.authorization_code', 'expires_at', interval '1 day'),
      ('oauth.revoked_token', 'expires_at', interval '1 hour'),
      ('limits.allowance', 'ends_at', interval '1 minute'),
      ('notify.notice', 'settled_at', interval '90 days')) as t(name, column_name, keep)
    loop
      execute format('delete from %1$s where ctid = any (array(
        select ctid from %1$s where %2$I < $1 order by %2$I limit $2 for update skip locked))',
        v_spent.name, v_spent.column_name) using v_now - v_spent.keep, p_most;
      get diagnostics v_rows = row_count;
      v_largest := greatest(v_largest, v_rows);
    end loop;
    -- Refresh tokens have no time of their own: they are walked, and go a day after their grant or consent was over.
    select walked_to into v_walked from oauth.jti_room;
    with walked as (
      select r.token_hash, r.grant_id, r.consent_id from oauth.refresh_token r
       where r.token_hash > v_walked order by r.token_hash limit p_most
    ), over as (
      select w.token_hash from walked w join oauth.grant g on g.grant_id = w.grant_id
       where g.revoked_at < v_now - interval '1 day' or exists (
         select from consent.consent c where c.consent_id = w.consent_id and c.state <> 'given'
            and c.changed_at < v_now - interval '1 day')
    ), gone as (
      delete from oauth.refresh_token r using over where r.token_hash = over.token_hash
    )
    update oauth.jti_room set walked_to = coalesce((select max(w.token_hash) from walked w), '');
    -- Counted no further than it matters.
    select sum(n) into v_live from oauth.jti_room m, lateral (
      select count(*) as n from (select from oauth.used_assertion where expires_at > v_now limit m.most) a
      union all select count(*) from (select from oauth.used_proof where expires_at > v_now limit m.most) b
      union all select count(*) from (select from oauth.read_proof where expires_at > v_now limit m.most) c
    ) counted;
    update oauth.jti_room set live = v_live, is_full = v_live >= most, counted_at = v_now;
    return v_largest;
  end $$;
  revoke all on function oauth.sweep(integer) from public;
  grant execute on function oauth.sweep(integer) to stabledoor_app`.execute(db);

// As 0006 made it, but for the bound.
const guard = (db: Kysely<unknown>) =>
  sql`
  create or replace function oauth.guard_read_proof_unused(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    if (select m.is_full from oauth.jti_room m) then
      return query select (r.value ->> 'position')::integer, 'no_room_for_proofs' from jsonb_array_elements(p_requests) r;
      return;
    end if;
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
  end $$`.execute(db);
