// The upper levels of the tree, kept as the tiles want them: the root of every full run of 256^level leaves, so that a
// proof reads a few hundred hashes and never the log. close_batch computes them from the leaves that it has just hashed;
// the application may read them and write none.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await closeBatch(db);
  await rebuild(db);
  await rights(db);
}

/** Level 0 is not here: it is ledger.entry.leaf. `place` counts the runs of a level from 0. */
const tables = (db: Kysely<unknown>) =>
  sql`
  create table ledger.tile_hash (
    log_id smallint not null,
    level smallint not null check (level between 1 and 6),
    place bigint not null check (place >= 0),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (log_id, level, place)
  )`.execute(db);

/** As in 0002, and where a run of 256^level leaves becomes full on the way up to the frontier, its root is kept. */
const closeBatch = (db: Kysely<unknown>) =>
  sql`
  create or replace function ledger.close_batch(p_log smallint, p_ms bigint, p_entries text, p_stags text[], p_reqs uuid[],
    p_households text[], p_sseqs bigint[], p_pending bigint[], p_checkpoint text)
  returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  declare
    v_head ledger.head; v_origin text; v_entries text[] := string_to_array(p_entries, E'\\x1e');
    n int := cardinality(v_entries); v_leaves bytea[]; v_bad bigint; v_node bytea; v_count bigint; i int; v_line text;
    v_levels smallint[] := '{}'; v_places bigint[] := '{}'; v_hashes bytea[] := '{}';
  begin
    perform ledger.refuse_without_durability();
    select * into v_head from ledger.head h where h.log_id = p_log and h.opened_in = pg_current_xact_id();
    if not found then
      raise exception 'ledger: close_batch without its open_batch' using errcode = 'SD003';
    end if;
    select l.origin into v_origin from ledger.log l where l.log_id = p_log;
    if n is null or n not between 1 and 768 or n <> cardinality(p_stags) or n <> cardinality(p_reqs)
       or n <> cardinality(p_households) or n <> cardinality(p_sseqs) then
      raise exception 'ledger: bad batch' using errcode = '22023';
    end if;
    if p_ms < v_head.last_ms or abs(p_ms - ledger.now_ms()) > 5000 then
      raise exception 'ledger: the time % is not now', p_ms using errcode = 'SD001';
    end if;

    with given as materialized (
      select e.entry, s.stag, r.req, v_head.size + e.o - 1 as idx, sha256('\\x00'::bytea || convert_to(e.entry, 'UTF8')) as leaf
        from unnest(v_entries) with ordinality e(entry, o)
        join unnest(p_stags) with ordinality s(stag, o) using (o)
        join unnest(p_reqs) with ordinality r(req, o) using (o)
    ), linked as (
      select g.entry, g.idx, g.leaf, g.stag, lag(g.leaf, 1, v_head.tip) over (order by g.idx) as prev from given g
    ), written as (
      insert into ledger.entry (log_id, idx, leaf, entry)
        select p_log, g.idx, g.leaf, convert_to(g.entry, 'UTF8') from given g order by g.idx
    ), requested as (
      insert into ledger.request (log_id, req, idx) select p_log, g.req, g.idx from given g
    )
    select count(*) filter (where
        substr(l.entry, 1, length(header.text)) <> header.text or right(l.entry, 2) <> E'}\\n'
        or l.stag !~ '^(-|[A-Za-z0-9+/]{43}=)$' or position(E'\\n' in substr(l.entry, length(header.text) + 1)) <>
           length(l.entry) - length(header.text)),
      array_agg(l.leaf order by l.idx) into v_bad, v_leaves
    from linked l, lateral (select format(E'stabledoor/entry/v1\\nidx %s\\nprev %s\\ntime %s\\nstag %s\\n{"',
      l.idx, encode(l.prev, 'base64'), p_ms, l.stag) as text) header;
    if v_bad > 0 then
      raise exception 'ledger: % entries do not link to the head', v_bad using errcode = 'SD003';
    end if;

    -- The frontier: the roots of the perfect subtrees, largest first (RFC 6962 section 2.1).
    v_count := v_head.size;
    for i in 1..n loop
      v_node := v_leaves[i];
      declare m bigint := v_count; top int := cardinality(v_head.frontier); height int := 0;
      begin
        while m & 1 = 1 loop
          v_node := sha256('\\x01'::bytea || v_head.frontier[top] || v_node);
          top := top - 1; m := m >> 1; height := height + 1;
          if height & 7 = 0 then
            v_levels := v_levels || (height >> 3)::smallint; v_places := v_places || m; v_hashes := v_hashes || v_node;
          end if;
        end loop;
        v_head.frontier := v_head.frontier[1:top] || v_node;
      end;
      v_count := v_count + 1;
    end loop;
    v_node := v_head.frontier[cardinality(v_head.frontier)];
    for i in reverse cardinality(v_head.frontier) - 1 .. 1 loop
      v_node := sha256('\\x01'::bytea || v_head.frontier[i] || v_node);
    end loop;
    v_line := format(E'%s\\n%s\\n%s\\n\\n— %s ', v_origin, v_count, encode(v_node, 'base64'), v_origin);
    if substr(p_checkpoint, 1, length(v_line)) <> v_line then
      raise exception 'ledger: the checkpoint is not of this tree' using errcode = 'SD003';
    end if;
    insert into ledger.checkpoint (log_id, size, note) values (p_log, v_count, p_checkpoint);
    if cardinality(v_levels) > 0 then
      insert into ledger.tile_hash (log_id, level, place, hash)
        select p_log, u.level, u.place, u.hash from unnest(v_levels, v_places, v_hashes) u(level, place, hash);
    end if;

    insert into subject.entry (log_id, household_id, sseq, idx)
      select p_log, u.household, u.sseq, v_head.size + u.o - 1
        from unnest(p_households, p_sseqs) with ordinality u(household, sseq, o) where u.household is not null;
    insert into subject.chain (log_id, household_id, next_sseq)
      select p_log, u.household, max(u.sseq) + 1 from unnest(p_households, p_sseqs) u(household, sseq)
        where u.household is not null group by u.household
      on conflict (log_id, household_id) do update set next_sseq = excluded.next_sseq;
    if cardinality(p_pending) > 0 then
      delete from ledger.pending p where p.log_id = p_log and p.pending_id = any (p_pending);
    end if;
    update ledger.head h set size = v_count, tip = v_leaves[n], frontier = v_head.frontier, last_ms = p_ms, opened_in = null
      where h.log_id = p_log;
  end $$`.execute(db);

/**
 * For the owner alone: makes the stored hashes anew from the leaves, for a log that is older than they are or that
 * was brought back without them. One statement a level.
 */
const rebuild = (db: Kysely<unknown>) =>
  sql`
  -- The root of a run of hashes, 32 bytes each; how many must be a power of two.
  create function ledger.run_root(p_hashes bytea) returns bytea language plpgsql immutable strict
  set search_path = pg_catalog, pg_temp as $$
  begin
    while octet_length(p_hashes) > 32 loop
      select string_agg(sha256('\\x01'::bytea || substr(p_hashes, 64 * i + 1, 64)), ''::bytea order by i) into p_hashes
        from generate_series(0, octet_length(p_hashes) / 64 - 1) i;
    end loop;
    return p_hashes;
  end $$;

  create function ledger.rebuild_tile_hashes(p_log smallint) returns bigint language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  declare v_level int := 1; v_made bigint; v_sum bigint := 0;
  begin
    perform from ledger.head h where h.log_id = p_log for update;
    delete from ledger.tile_hash t where t.log_id = p_log;
    insert into ledger.tile_hash (log_id, level, place, hash)
      select p_log, 1, e.idx / 256, ledger.run_root(string_agg(e.leaf, ''::bytea order by e.idx))
        from ledger.entry e where e.log_id = p_log group by e.idx / 256 having count(*) = 256;
    get diagnostics v_made = row_count;
    while v_made > 0 and v_level < 6 loop
      v_sum := v_sum + v_made;
      insert into ledger.tile_hash (log_id, level, place, hash)
        select p_log, v_level + 1, t.place / 256, ledger.run_root(string_agg(t.hash, ''::bytea order by t.place))
          from ledger.tile_hash t where t.log_id = p_log and t.level = v_level group by t.place / 256 having count(*) = 256;
      get diagnostics v_made = row_count;
      v_level := v_level + 1;
    end loop;
    return v_sum;
  end $$;
  select ledger.rebuild_tile_hashes(l.log_id) from ledger.log l order by l.log_id`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on function ledger.run_root(bytea), ledger.rebuild_tile_hashes(smallint) from public;
  grant select on ledger.tile_hash to stabledoor_app, stabledoor_audit`.execute(db);
