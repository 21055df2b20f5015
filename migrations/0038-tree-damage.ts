// The stored hashes of the tree are looked at too: at every look how many there are and whether the newest of each level
// follow from those below, and, for whoever asks, every leaf and every hash of a range.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await newest(db);
  await everything(db);
  await checks(db);
  await sql`
  revoke all on function ledger.find_edge_damage(smallint, bigint), ledger.find_tree_damage(smallint, bigint, bigint),
    ledger.find_table_damage(smallint) from public;
  grant execute on function ledger.run_root(bytea), ledger.find_tree_damage(smallint, bigint, bigint) to stabledoor_app, stabledoor_audit`.execute(
    db,
  );
}

/** A few thousand hashes at most, whatever the length of the log: asked every few seconds. */
const newest = (db: Kysely<unknown>) =>
  sql`
  create function ledger.find_edge_damage(p_log smallint, p_size bigint) returns text language plpgsql stable
  set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_level smallint; v_length bigint := p_size; v_count bigint; v_hash bytea; v_below bytea;
  begin
    for v_level in 1 .. 6 loop
      v_length := v_length / 256;
      select count(*) into v_count from ledger.tile_hash t where t.log_id = p_log and t.level = v_level;
      if v_count <> v_length then
        return format('the stored tree has %s hashes of level %s, and %s entries make %s', v_count, v_level, p_size, v_length);
      end if;
      exit when v_length = 0;
      select t.hash into v_hash from ledger.tile_hash t
        where t.log_id = p_log and t.level = v_level and t.place = v_length - 1;
      if v_level = 1 then
        select ledger.run_root(string_agg(e.leaf, ''::bytea order by e.idx)) into v_below from ledger.entry e
          where e.log_id = p_log and e.idx >= (v_length - 1) * 256 and e.idx < v_length * 256;
      else
        select ledger.run_root(string_agg(t.hash, ''::bytea order by t.place)) into v_below from ledger.tile_hash t
          where t.log_id = p_log and t.level = v_level - 1
            and t.place >= (v_length - 1) * 256 and t.place < v_length * 256;
      end if;
      if v_hash is distinct from v_below then
        return format('hash %s of level %s of the stored tree does not follow from those below it', v_length - 1, v_level);
      end if;
    end loop;
    return null;
  end $$`.execute(db);

/** The leaf of every entry of the range, and every hash above that a run of the range completes. */
const everything = (db: Kysely<unknown>) =>
  sql`
  create function ledger.find_tree_damage(p_log smallint, p_from bigint, p_to bigint) returns text language plpgsql stable
  set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_found bigint; v_level smallint := 1; v_from bigint := p_from / 256; v_to bigint := p_to / 256;
  begin
    select min(e.idx) into v_found from ledger.entry e
      where e.log_id = p_log and e.idx >= p_from and e.idx < p_to and sha256('\\x00'::bytea || e.entry) <> e.leaf;
    if v_found is not null then return format('entry %s has another hash than was stored with it', v_found); end if;
    select min(r.place) into v_found from (
      select e.idx / 256 as place, ledger.run_root(string_agg(e.leaf, ''::bytea order by e.idx)) as hash
        from ledger.entry e where e.log_id = p_log and e.idx >= v_from * 256 and e.idx < v_to * 256 group by 1) r
      left join ledger.tile_hash t on t.log_id = p_log and t.level = 1 and t.place = r.place
      where t.hash is distinct from r.hash;
    while v_found is null and v_from / 256 < v_to / 256 loop
      v_from := v_from / 256; v_to := v_to / 256; v_level := v_level + 1;
      select min(r.place) into v_found from (
        select b.place / 256 as place, ledger.run_root(string_agg(b.hash, ''::bytea order by b.place)) as hash
          from ledger.tile_hash b where b.log_id = p_log and b.level = v_level - 1
            and b.place >= v_from * 256 and b.place < v_to * 256 group by 1) r
        left join ledger.tile_hash t on t.log_id = p_log and t.level = v_level and t.place = r.place
        where t.hash is distinct from r.hash;
    end loop;
    if v_found is not null then
      return format('hash %s of level %s of the stored tree does not follow from those below it', v_found, v_level);
    end if;
    return null;
  end $$`.execute(db);

const checks = (db: Kysely<unknown>) =>
  sql`
  alter function ledger.find_damage(smallint) rename to find_table_damage;
  create function ledger.find_damage(p_log smallint) returns text language plpgsql stable
  set search_path = pg_catalog, pg_temp as $$
  begin
    return coalesce(ledger.find_table_damage(p_log),
      (select ledger.find_edge_damage(p_log, h.size) from ledger.head h where h.log_id = p_log));
  end $$;
  revoke all on function ledger.find_damage(smallint) from public;
  grant execute on function ledger.find_damage(smallint), ledger.find_table_damage(smallint),
    ledger.find_edge_damage(smallint, bigint) to stabledoor_app, stabledoor_audit`.execute(db);
