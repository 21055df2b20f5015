// What a repeated export rests on: the cosignatures that a checkpoint was first kept with never change, and no checkpoint is
// kept as witnessed that is smaller than one that is. And an index that finds whose an entry is without a scan.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await firstNotes(db);
  await membersByPlace(db);
  await entryTexts(db);
}

const firstNotes = (db: Kysely<unknown>) =>
  sql`
  alter table ledger.witnessed add column first_note text;
  update ledger.witnessed set first_note = note;
  alter table ledger.witnessed alter column first_note set not null;

  create or replace function ledger.put_witnessed(p_log smallint, p_size bigint, p_note text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  declare v_note text;
  begin
    select c.note into v_note from ledger.checkpoint c where c.log_id = p_log and c.size = p_size;
    if not found or left(p_note, length(v_note)) <> v_note
       or substr(p_note, length(v_note) + 1) !~ '^(— [^ \\n]+ [A-Za-z0-9+/]+=*\\n)+$' then
      raise exception 'ledger: these cosignatures are not of the checkpoint of %', p_size using errcode = 'SD003';
    end if;
    -- One writer at a time, so that two cannot keep a smaller one and a larger one past each other.
    perform pg_advisory_xact_lock(hashtextextended('ledger.witnessed', p_log));
    -- A slow round that ends after a quicker one: the larger checkpoint says all that this one would.
    if exists (select from ledger.witnessed w where w.log_id = p_log and w.size > p_size) then return; end if;
    insert into ledger.witnessed (log_id, size, note, first_note, witnessed_at)
      values (p_log, p_size, p_note, p_note, ledger.now())
      on conflict (log_id, size) do update set note = excluded.note, witnessed_at = excluded.witnessed_at;
  end $$`.execute(db);

/** BRIN: rows come in the order of idx, and a tree would cost every append. */
const membersByPlace = (db: Kysely<unknown>) =>
  sql`create index entry_place on subject.entry using brin (idx) with (pages_per_range = 16, autosummarize = on)`.execute(
    db,
  );

/**
 * A page of entries as one text, with DEL between them, which no entry holds that the broker wrote: a row an entry would cost more
 * than the entries. Null where an entry is missing or is no text, which only tampering makes.
 */
const entryTexts = (db: Kysely<unknown>) =>
  sql`
  create function ledger.entry_texts(p_log smallint, p_from bigint, p_to bigint) returns text
  language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_entries bytea; v_count bigint;
  begin
    select string_agg(e.entry, '\\x7f'::bytea), count(*) into v_entries, v_count
      from (select x.entry from ledger.entry x
             where x.log_id = p_log and x.idx >= p_from and x.idx < p_to order by x.idx) e;
    return case when v_count = p_to - p_from then convert_from(v_entries, 'UTF8') end;
  exception when character_not_in_repertoire then
    return null;
  end $$;
  revoke all on function ledger.entry_texts(smallint, bigint, bigint) from public;
  grant execute on function ledger.entry_texts(smallint, bigint, bigint) to stabledoor_app, stabledoor_audit`.execute(
    db,
  );
