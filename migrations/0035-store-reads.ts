// Which reads of the meter store have an entry, by the store's own numbers. The ledger itself notes them, from the entries, in
// the transaction that writes them; whoever looks for reads that ended in nothing compares, and no number gets two entries.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await noting(db);
  await settling(db);
  await guard(db);
  await rights(db);
}

const tables = (db: Kysely<unknown>) =>
  sql`
  create table ledger.store_read (
    log_id smallint not null, number bigint not null, store_start text not null, primary key (log_id, number)
  );
  -- Every number up to this one is accounted for; it is that of an entry, or where the log began to be looked after.
  create table ledger.store_read_settled (
    log_id smallint primary key, number bigint not null check (number >= 0), store_start text not null
  )`.execute(db);

/** A trigger on the head, as of the tiles: no way to grow the log can leave it out. */
const noting = (db: Kysely<unknown>) =>
  sql`
  create function ledger.note_store_reads() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_settled bigint;
  begin
    select s.number into v_settled from ledger.store_read_settled s where s.log_id = new.log_id;
    -- In canonical JSON a quotation mark inside a text has a backslash before it: this is the name of a field, or nothing.
    -- On a few bytes after the name: an expression over whole entries cost as much as all the rest of an append.
    -- Each offset 0 keeps an expression from being worked out again wherever its name stands.
    insert into ledger.store_read (log_id, number, store_start)
      select new.log_id, r.number, r.store_start
        from (select f.number::bigint as number, f.store_start
            from (select t.read, split_part(t.read, '/', 1) as store_start, split_part(t.read, '/', 2) as number
                from (select split_part(encode(substr(e.entry, e.at + 14, 84), 'escape'), '"', 1) as read
                    from (select e.entry, position('"store_read":"'::bytea in e.entry) as at from ledger.entry e
                        where e.log_id = new.log_id and e.idx >= old.size and e.idx < new.size offset 0) e
                    where e.at > 0 offset 0) t offset 0) f
            where f.store_start <> '' and f.read = f.store_start || '/' || f.number and length(f.number) between 1 and 15
              and translate(f.number, '0123456789', '') = '' offset 0) r
       where r.number > coalesce(v_settled, -1)
      on conflict do nothing;
    return null;
  end $$;
  create trigger store_reads after update of size on ledger.head for each row when (old.size < new.size)
    execute function ledger.note_store_reads()`.execute(db);

const settling = (db: Kysely<unknown>) =>
  sql`
  -- From here on numbers are looked after; once for a log. Numbers of before are those of another log, or of no broker.
  create function ledger.begin_store_reads(p_log smallint, p_number bigint, p_start text) returns void language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    insert into ledger.store_read_settled (log_id, number, store_start)
      select p_log, least(p_number, coalesce((select min(r.number) - 1 from ledger.store_read r where r.log_id = p_log),
        p_number)), p_start
      on conflict do nothing;
  $$;
  -- For one process at a time; nothing where another has it.
  create function ledger.hold_store_reads(p_log smallint) returns table (number bigint, store_start text) language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    select s.number, s.store_start from ledger.store_read_settled s where s.log_id = p_log for update skip locked;
  $$;
  create function ledger.settle_store_reads(p_log smallint, p_number bigint, p_start text) returns void language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    update ledger.store_read_settled s set number = p_number, store_start = p_start
      where s.log_id = p_log and s.number < p_number;
    delete from ledger.store_read r where r.log_id = p_log and r.number <= p_number;
  $$`.execute(db);

const guard = (db: Kysely<unknown>) =>
  sql`
  create function ledger.guard_store_read_open(p_log smallint, p_requests jsonb)
  returns table ("position" int, reason text) language sql volatile set search_path = pg_catalog, pg_temp as $$
    select (r.value ->> 'position')::int, 'store_read_taken'
      from jsonb_array_elements(p_requests) r
      cross join lateral (select (r.value -> 'args' ->> 'number')::bigint as number) n
      -- One look at the index for each number: an exists beside an or is planned as one walk through all that are open.
      left join lateral (
        select true as taken from ledger.store_read t where t.log_id = p_log and t.number = n.number limit 1
      ) t on true
      left join ledger.store_read_settled s on s.log_id = p_log
     where t.taken or n.number <= s.number;
  $$;
  insert into ledger.guard (name, function) values ('store-read-open', 'ledger.guard_store_read_open')`.execute(
    db,
  );

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on function ledger.note_store_reads(), ledger.guard_store_read_open(smallint, jsonb),
    ledger.begin_store_reads(smallint, bigint, text), ledger.hold_store_reads(smallint),
    ledger.settle_store_reads(smallint, bigint, text) from public;
  grant execute on function ledger.begin_store_reads(smallint, bigint, text), ledger.hold_store_reads(smallint),
    ledger.settle_store_reads(smallint, bigint, text) to stabledoor_app;
  grant select on ledger.store_read to stabledoor_app`.execute(db);
