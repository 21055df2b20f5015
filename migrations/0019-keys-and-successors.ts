// The log's keys as the database knows them, logs that succeed others, and a stop that is kept whatever is wrong.
// Every key in force signs every checkpoint: a process that has not heard of a rotation yet is refused, and looks again.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await keys(db);
  await signers(db);
  await successors(db);
  await consents(db);
  await pending(db);
  await openLog(db);
  await rights(db);
}

const keys = (db: Kysely<unknown>) =>
  sql`
  create table ledger.log_key (
    log_id smallint not null,
    key text not null check (key ~ '^[!-*,-~]{1,255}[+][0-9a-f]{8}[+][A-Za-z0-9+/]+=*$'),
    key_id bytea not null generated always as (decode(split_part(key, '+', 2), 'hex')) stored,
    published_at timestamptz not null,
    retired_at timestamptz,
    -- The transaction that retired it: its own checkpoint may bear the last signature.
    retired_in xid8,
    primary key (log_id, key)
  );
  insert into ledger.log_key (log_id, key, published_at)
    select e.log_id, b.body ->> 'key', l.opened_at
      from ledger.entry e join ledger.log l on l.log_id = e.log_id
      cross join lateral (select split_part(convert_from(e.entry, 'UTF8'), E'\n', 6)::jsonb as body) b
     where e.idx = 0 and b.body ->> 'kind' = 'log.opened';

  create function ledger.publish_key(p_log smallint, p_key text) returns void language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  begin
    if not exists (select from ledger.log l where l.log_id = p_log and l.origin = split_part(p_key, '+', 1)) then
      raise exception 'ledger: the key % does not bear the name of the log', p_key using errcode = 'SD004';
    end if;
    insert into ledger.log_key (log_id, key, published_at) values (p_log, p_key, ledger.now()) on conflict do nothing;
  end $$;
  -- Never the last one.
  create function ledger.retire_key(p_log smallint, p_key text) returns void language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  begin
    update ledger.log_key k set retired_at = ledger.now(), retired_in = pg_current_xact_id()
      where k.log_id = p_log and k.key = p_key and k.retired_at is null
        and exists (select from ledger.log_key o where o.log_id = p_log and o.key <> p_key and o.retired_at is null);
    if not found then
      raise exception 'ledger: the key % is not in force, or the only one', p_key using errcode = 'SD004';
    end if;
  end $$`.execute(db);

/** On the four bytes of the key id: whether a signature holds is for whoever has the public key. */
const signers = (db: Kysely<unknown>) =>
  sql`
  create function ledger.check_signers() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  declare v_signed bytea[]; v_key text;
  begin
    select array_agg(substr(decode(m.line[1], 'base64'), 1, 4)) into v_signed
      from regexp_matches(new.note, '\n— [^ \n]+ ([A-Za-z0-9+/]{8})', 'g') m (line);
    select k.key into v_key from ledger.log_key k
      where k.log_id = new.log_id and k.retired_at is null and not k.key_id = any (v_signed) limit 1;
    if found then
      raise exception 'ledger: the key % must sign too', v_key using errcode = 'SD006';
    end if;
    select k.key into v_key from ledger.log_key k
      where k.log_id = new.log_id and k.retired_at is not null and k.retired_in <> pg_current_xact_id()
        and k.key_id = any (v_signed) limit 1;
    if found then
      raise exception 'ledger: the key % is retired', v_key using errcode = 'SD006';
    end if;
    return new;
  end $$;
  create trigger signed_by_all before insert on ledger.checkpoint for each row execute function ledger.check_signers()`.execute(
    db,
  );

/** A log that was set back is closed, and another one goes on under a name of its own. */
const successors = (db: Kysely<unknown>) =>
  sql`
  alter table ledger.log add column succeeds smallint unique;
  alter table ledger.head add column closed boolean not null default false;

  create function ledger.refuse_closed() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    raise exception 'ledger: this log is closed: another has succeeded it' using errcode = 'SD007';
  end $$;
  create trigger closed_stays before update or delete on ledger.head for each row when (old.closed)
    execute function ledger.refuse_closed();

  -- Closes a log and makes the row and the empty head of its successor. Households keep counting their entries where
  -- they were, so that no tag of the one log appears in the other.
  create function ledger.succeed_log(p_log smallint, p_origin text) returns smallint language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  declare v_new smallint; v_mode text;
  begin
    select l.mode into v_mode from ledger.log l join ledger.head h on h.log_id = l.log_id
      where l.log_id = p_log for update of h;
    if not found then raise exception 'ledger: there is no log %', p_log using errcode = 'SD004'; end if;
    update ledger.head h set closed = true where h.log_id = p_log;
    select max(l.log_id) + 1 into v_new from ledger.log l;
    insert into ledger.log (log_id, origin, mode, opened_at, succeeds)
      values (v_new, p_origin, v_mode, ledger.now(), p_log);
    insert into ledger.head (log_id, size, tip, frontier, last_ms)
      values (v_new, 0, sha256(convert_to(p_origin, 'UTF8')), '{}', 0);
    insert into subject.chain (log_id, household_id, next_sseq)
      select v_new, c.household_id, c.next_sseq from subject.chain c where c.log_id = p_log;
    update household.household set log_id = v_new where log_id = p_log;
    return v_new;
  end $$`.execute(db);

/**
 * What was stopped in the part that is lost must not come back: no consent outlives its log. Read by the consent room.
 */
const consents = (db: Kysely<unknown>) =>
  sql`
  create function consent.close_log(p_log smallint) returns bigint language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    with closed as (
      update consent.consent c
         set state = case c.state when 'requested' then 'lapsed' else 'ended' end, changed_at = ledger.now()
       where c.log_id = p_log and c.state in ('requested', 'given')
      returning c.state
    ) select count(*) from closed where state = 'ended';
  $$;
  revoke all on function consent.close_log(smallint) from public;
  grant execute on function consent.close_log(smallint) to stabledoor_app`.execute(db);

/** Kept also where durability is off: a stop that may be lost in a power cut is better than one that was refused. */
const pending = (db: Kysely<unknown>) =>
  sql`
  drop trigger durable_at_commit on ledger.pending;
  create or replace function ledger.add_pending(p_log smallint, p_req uuid, p_household text, p_body text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  begin
    if current_setting('synchronous_commit') not in ('on', 'remote_apply') then
      set local synchronous_commit = on;
    end if;
    insert into ledger.pending (log_id, req, household_id, body, created_at)
      values (p_log, p_req, p_household, p_body, ledger.now());
  end $$`.execute(db);

/** An offset in production shuts the write gate; it no longer keeps the log from being read. A new log it refuses. */
const openLog = (db: Kysely<unknown>) =>
  sql`
  create or replace function ledger.open_log(p_log smallint, p_origin text, p_mode text) returns bigint language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  declare v_origin text; v_mode text; v_size bigint;
  begin
    insert into ledger.log (log_id, origin, mode, opened_at) values (p_log, p_origin, p_mode, ledger.now())
      on conflict do nothing;
    select origin, mode into v_origin, v_mode from ledger.log where log_id = p_log;
    if v_origin is distinct from p_origin then
      raise exception 'ledger: log % has the origin %, not %', p_log, v_origin, p_origin using errcode = 'SD004';
    end if;
    if v_mode <> p_mode then
      raise exception 'ledger: this log was opened in % mode, not %', v_mode, p_mode using errcode = 'SD004';
    end if;
    insert into ledger.head (log_id, size, tip, frontier, last_ms)
      values (p_log, 0, sha256(convert_to(p_origin, 'UTF8')), '{}', 0) on conflict do nothing;
    select size into v_size from ledger.head where log_id = p_log;
    if v_mode = 'production' and v_size = 0 and exists (select from ledger.clock_offset where offset_ms <> 0) then
      raise exception 'ledger: the clock has an offset, which production refuses' using errcode = 'SD001';
    end if;
    return v_size;
  end $$`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on function ledger.publish_key(smallint, text), ledger.retire_key(smallint, text), ledger.check_signers(),
    ledger.refuse_closed(), ledger.succeed_log(smallint, text) from public;
  grant execute on function ledger.publish_key(smallint, text), ledger.retire_key(smallint, text),
    ledger.succeed_log(smallint, text) to stabledoor_app;
  grant select on ledger.log_key to stabledoor_app, stabledoor_audit`.execute(db);
