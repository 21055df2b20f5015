// The upper levels of the tree, kept as the tiles want them: the root of every full run of 256^level leaves, so that a
// proof reads a few hundred hashes and never the log. They are computed here, from the leaves, in the transaction that
// completes a run; the application may read them and write none.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await table(db);
  await addFullRuns(db);
  await rebuild(db);
  await rights(db);
}

/** Level 0 is not here: it is ledger.entry.leaf. `place` counts the runs of a level from 0. */
const table = (db: Kysely<unknown>) =>
  sql`
  create table ledger.tile_hash (
    log_id smallint not null,
    level smallint not null check (level between 1 and 6),
    place bigint not null check (place >= 0),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (log_id, level, place)
  )`.execute(db);

/**
 * A trigger and not a part of close_batch: no way to grow the log can leave it out, and of 256 entries 255 pay nothing.
 * Without seq scans, as close_batch: a plan made while the table was empty would read all of it later.
 */
const addFullRuns = (db: Kysely<unknown>) =>
  sql`
  -- The root of a run of hashes, 32 bytes each, a power of two of them.
  create function ledger.run_root(p_hashes bytea) returns bytea language plpgsql immutable strict
  set search_path = pg_catalog, pg_temp as $$
  begin
    while octet_length(p_hashes) > 32 loop
      select string_agg(sha256('\\x01'::bytea || substr(p_hashes, 64 * i + 1, 64)), ''::bytea order by i) into p_hashes
        from generate_series(0, octet_length(p_hashes) / 64 - 1) i;
    end loop;
    return p_hashes;
  end $$;

  -- Adds the hashes of the runs that become full when a log grows from one size to another.
  create function ledger.add_full_runs(p_log smallint, p_from bigint, p_to bigint) returns void language plpgsql
  set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_from bigint := p_from / 256; v_to bigint := p_to / 256; v_level smallint := 1;
  begin
    insert into ledger.tile_hash (log_id, level, place, hash)
      select p_log, v_level, e.idx / 256, ledger.run_root(string_agg(e.leaf, ''::bytea order by e.idx))
        from ledger.entry e where e.log_id = p_log and e.idx >= v_from * 256 and e.idx < v_to * 256
        group by e.idx / 256;
    while v_from / 256 < v_to / 256 loop
      v_from := v_from / 256; v_to := v_to / 256; v_level := v_level + 1;
      insert into ledger.tile_hash (log_id, level, place, hash)
        select p_log, v_level, t.place / 256, ledger.run_root(string_agg(t.hash, ''::bytea order by t.place))
          from ledger.tile_hash t
          where t.log_id = p_log and t.level = v_level - 1 and t.place >= v_from * 256 and t.place < v_to * 256
          group by t.place / 256;
    end loop;
  end $$;

  create function ledger.head_grew() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    perform ledger.add_full_runs(new.log_id, old.size, new.size);
    return null;
  end $$;
  create trigger tile_hashes after update of size on ledger.head for each row
    when (old.size / 256 <> new.size / 256) execute function ledger.head_grew()`.execute(db);

/** For a log that is older than this table, or that was brought back without it. For the owner alone. */
const rebuild = (db: Kysely<unknown>) =>
  sql`
  create function ledger.rebuild_tile_hashes(p_log smallint) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  declare v_size bigint;
  begin
    select h.size into v_size from ledger.head h where h.log_id = p_log for update;
    delete from ledger.tile_hash t where t.log_id = p_log;
    perform ledger.add_full_runs(p_log, 0, v_size);
  end $$;
  select ledger.rebuild_tile_hashes(h.log_id) from ledger.head h`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on function ledger.run_root(bytea), ledger.add_full_runs(smallint, bigint, bigint), ledger.head_grew(),
    ledger.rebuild_tile_hashes(smallint) from public;
  grant select on ledger.tile_hash to stabledoor_app, stabledoor_audit`.execute(db);
