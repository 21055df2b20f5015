// What follows from a log that goes on under another name: what waited to be written waits in the successor, a closed
// household stays closed, and an erasure reaches every log that a household was in.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await succeed(db);
  await pending(db);
  await erase(db);
  await sql`
  revoke all on function ledger.newest_of(smallint), ledger.take_over_pending(smallint) from public;
  grant execute on function ledger.take_over_pending(smallint) to stabledoor_app`.execute(db);
}

// No chain is copied: in a successor a household counts from 0, under tags that hang on the successor's name too. The
// entries that are lost may bear the next tags of the old count, and nobody may see that two entries are of one home.
const succeed = (db: Kysely<unknown>) =>
  sql`
  create or replace function ledger.succeed_log(p_log smallint, p_origin text) returns smallint language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  declare v_new smallint; v_mode text;
  begin
    perform 1 from ledger.head h where h.log_id = p_log for update;
    if not found then raise exception 'ledger: there is no log %', p_log using errcode = 'SD004'; end if;
    select l.mode into v_mode from ledger.log l where l.log_id = p_log;
    update ledger.head h set closed = true where h.log_id = p_log;
    select max(l.log_id) + 1 into v_new from ledger.log l;
    insert into ledger.log (log_id, origin, mode, opened_at, succeeds)
      values (v_new, p_origin, v_mode, ledger.now(), p_log);
    insert into ledger.head (log_id, size, tip, frontier, last_ms)
      select v_new, 0, sha256(convert_to(p_origin, 'UTF8')), '{}', h.last_ms from ledger.head h where h.log_id = p_log;
    insert into subject.closed (log_id, household_id, req)
      select v_new, c.household_id, c.req from subject.closed c where c.log_id = p_log;
    update household.household set log_id = v_new where log_id = p_log;
    return v_new;
  end $$`.execute(db);

/**
 * What waited is taken over once the successor has its first entry, which nothing may come before. A process that has not
 * heard of the successor keeps what must not be lost where it will be written.
 */
const pending = (db: Kysely<unknown>) =>
  sql`
  create function ledger.take_over_pending(p_log smallint) returns bigint language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    with taken as (
      update ledger.pending p set log_id = p_log from ledger.log l
        where l.log_id = p_log and p.log_id = l.succeeds returning 1
    ) select count(*) from taken;
  $$;
  create function ledger.newest_of(p_log smallint) returns smallint language sql stable
  security definer set search_path = pg_catalog, pg_temp as $$
    with recursive line as (
      select p_log as log_id
      union
      select l.log_id from ledger.log l join line on l.succeeds = line.log_id
    ) select max(line.log_id)::smallint from line;
  $$;
  create or replace function ledger.add_pending(p_log smallint, p_req uuid, p_household text, p_body text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  begin
    if current_setting('synchronous_commit') not in ('on', 'remote_apply') then
      set local synchronous_commit = on;
    end if;
    insert into ledger.pending (log_id, req, household_id, body, created_at)
      values (ledger.newest_of(p_log), p_req, p_household, p_body, ledger.now());
  end $$`.execute(db);

/** In every log: what a household did before a succession leads to it as much as what it did after. */
const erase = (db: Kysely<unknown>) =>
  sql`
  create or replace function subject.erase(p_log smallint, p_household text) returns void language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  declare v_eraser record; v_logs smallint[];
  begin
    -- The entry may be of the log before, where the closing was cut short by a succession.
    if not exists (select from subject.closed c join ledger.request r on r.req = c.req
      where c.log_id = p_log and c.household_id = p_household) then
      raise exception 'subject: the ledger does not say that this household is erased' using errcode = 'SD006';
    end if;
    select array_agg(l.log_id order by l.log_id) into v_logs from ledger.log l;
    for v_eraser in select e.function, l.log_id from subject.eraser e cross join unnest(v_logs) l(log_id)
                    order by e.place, l.log_id loop
      execute format('select %s($1, $2)', v_eraser.function) using v_eraser.log_id, p_household;
    end loop;
    delete from subject.entry where household_id = p_household;
    delete from subject.chain where household_id = p_household;
  end $$`.execute(db);
