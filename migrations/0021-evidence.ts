// Evidence: what an entry commits to and must be shown one day, such as the DPoP proof of a read, sealed under the household's
// key. It is written with its entry or not at all, and by no other way; erasing a household deletes its rows.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  create schema evidence;
  create table evidence.sealed (
    log_id smallint not null,
    idx bigint not null,
    sealed bytea not null check (octet_length(sealed) between 29 and 16384),
    primary key (log_id, idx)
  );
  -- What is sealed cannot be made smaller: trying costs time under the head lock.
  alter table evidence.sealed alter column sealed set storage external`.execute(db);
  await keep(db);
  await erasing(db);
  await sql`
  revoke all on function evidence.keep(smallint, bigint[], integer[], bytea) from public;
  grant usage on schema evidence to stabledoor_app;
  grant select on evidence.sealed to stabledoor_app;
  grant execute on function evidence.keep(smallint, bigint[], integer[], bytea) to stabledoor_app`.execute(
    db,
  );
}

// All of a batch in one run of bytes, cut by length: an array of bytea costs more to encode than to seal. Entries must be of
// this very transaction, so that nothing can be put to one later, or to one that is not there.
const keep = (db: Kysely<unknown>) =>
  sql`
  create function evidence.keep(p_log smallint, p_idxs bigint[], p_lengths integer[], p_sealed bytea) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_first bigint; v_last bigint;
  begin
    select min(i), max(i) into v_first, v_last from unnest(p_idxs) i;
    if cardinality(p_idxs) <> cardinality(p_lengths)
       or (select sum(l) from unnest(p_lengths) l) is distinct from octet_length(p_sealed)::bigint then
      raise exception 'evidence: lengths and bytes differ' using errcode = '22023';
    end if;
    -- A batch is without gaps: where its first and last entry here are of this transaction, so is what lies between.
    if (select count(*) from ledger.entry e where e.log_id = p_log and e.idx in (v_first, v_last)
          and e.xmin = pg_current_xact_id()::xid) <> 1 + (v_first < v_last)::integer then
      raise exception 'evidence: it is not of an entry of this transaction' using errcode = 'SD003';
    end if;
    insert into evidence.sealed (log_id, idx, sealed)
      select p_log, u.idx, substr(p_sealed, (u.until - u.length)::integer + 1, u.length)
        from (select g.idx, g.length, sum(g.length) over (order by g.o) as until
                from unnest(p_idxs, p_lengths) with ordinality g(idx, length, o)) u;
  end $$`.execute(db);

// Before subject.entry goes, which says what is the household's.
const erasing = (db: Kysely<unknown>) =>
  sql`
  create function evidence.erase_household(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    delete from evidence.sealed s using subject.entry e
      where e.log_id = p_log and e.household_id = p_household and s.log_id = e.log_id and s.idx = e.idx;
  end $$;
  revoke all on function evidence.erase_household(smallint, text) from public;
  insert into subject.eraser (place, function) values (5, 'evidence.erase_household')`.execute(db);
