// The append-only ledger. The application may select and execute these functions and nothing else: no grant lets it
// insert, change or remove an entry, and the functions accept only what links to the head that they themselves locked.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await openLog(db);
  await openBatch(db);
  await closeBatch(db);
  await pending(db);
  await durabilityAtCommit(db);
  await guards(db);
  await moveClock(db);
  await rights(db);
}

const tables = (db: Kysely<unknown>) =>
  sql`
  create schema subject;

  create table ledger.log (
    log_id smallint primary key,
    origin text not null unique check (origin ~ '^[!-*,-~]{1,255}$'),
    mode text not null check (mode in ('production', 'sandbox', 'demo')),
    opened_at timestamptz not null
  );
  -- opened_in marks the transaction that holds the head: close_batch works in that one alone.
  create table ledger.head (
    log_id smallint primary key,
    size bigint not null check (size >= 0),
    tip bytea not null check (octet_length(tip) = 32),
    frontier bytea[] not null,
    last_ms bigint not null,
    opened_in xid8
  ) with (fillfactor = 50);
  create table ledger.entry (
    log_id smallint not null,
    idx bigint not null,
    leaf bytea not null check (octet_length(leaf) = 32),
    entry bytea not null check (octet_length(entry) between 1 and 65535),
    primary key (log_id, idx)
  );
  create table ledger.request (log_id smallint not null, req uuid not null, idx bigint not null, primary key (log_id, req));
  create table ledger.checkpoint (
    log_id smallint not null, size bigint not null, note text not null, primary key (log_id, size)
  );
  -- What could not be written as an entry yet (a stop): written first, under the head lock, as soon as entries can be.
  create table ledger.pending (
    log_id smallint not null,
    pending_id bigint generated always as identity,
    req uuid not null,
    household_id text,
    body text not null check (length(body) between 2 and 16384),
    created_at timestamptz not null,
    primary key (log_id, pending_id),
    unique (log_id, req)
  );
  create table ledger.guard (name text primary key, function text not null);

  -- Which entries belong to whom: outside the ledger, erasable, and the only place that says so.
  create table subject.chain (
    log_id smallint not null, household_id text not null, next_sseq bigint not null, primary key (log_id, household_id)
  ) with (fillfactor = 50);
  -- A household whose chain is closed gets no further entry, in any process, whatever key it still has in memory. The id
  -- is random and leads nowhere once the household's rows are gone. req is the entry that closed it.
  create table subject.closed (
    log_id smallint not null, household_id text not null, req uuid not null, primary key (log_id, household_id)
  );
  create table subject.entry (
    log_id smallint not null, household_id text not null, sseq bigint not null, idx bigint not null,
    primary key (log_id, household_id, sseq)
  )`.execute(db);

const openLog = (db: Kysely<unknown>) =>
  sql`
  create function ledger.refuse_without_durability() returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    if current_setting('synchronous_commit') not in ('on', 'remote_apply') or current_setting('fsync') <> 'on'
       or current_setting('full_page_writes') <> 'on' then
      raise exception 'ledger: durability is off' using errcode = 'SD002',
        hint = 'switch on fsync, full_page_writes and synchronous_commit';
    end if;
  end $$;

  -- Makes the log's row and its empty head, once; refuses another origin or mode than the log was made with.
  create function ledger.open_log(p_log smallint, p_origin text, p_mode text) returns bigint language plpgsql
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
    if v_mode = 'production' and exists (select from ledger.clock_offset where offset_ms <> 0) then
      raise exception 'ledger: the clock has an offset, which production refuses' using errcode = 'SD001';
    end if;
    insert into ledger.head (log_id, size, tip, frontier, last_ms)
      values (p_log, 0, sha256(convert_to(p_origin, 'UTF8')), '{}', 0) on conflict do nothing;
    select size into v_size from ledger.head where log_id = p_log;
    return v_size;
  end $$`.execute(db);

/**
 * Takes the head row, then runs the guards in statements after it: each statement of a volatile function has a
 * snapshot of its own in READ COMMITTED, so a guard sees whatever committed before the lock was granted.
 * Without seq scans: a plan is kept for as long as the session, and one made while a table was empty would read all of it.
 */
const openBatch = (db: Kysely<unknown>) =>
  sql`
  create function ledger.open_batch(p_log smallint, p_reqs uuid[], p_households text[], p_guards jsonb)
  returns table (size bigint, tip bytea, frontier bytea[], last_ms bigint, now_ms bigint,
                 failed jsonb, repeated jsonb, chains jsonb, waiting jsonb)
  language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_guard record; v_function text; v_found jsonb;
  begin
    perform ledger.refuse_without_durability();
    if current_setting('transaction_isolation') <> 'read committed' then
      raise exception 'ledger: a batch needs READ COMMITTED' using errcode = 'SD003';
    end if;
    if cardinality(p_reqs) > 512 or cardinality(p_reqs) <> cardinality(p_households) then
      raise exception 'ledger: bad batch' using errcode = '22023';
    end if;
    update ledger.head h set opened_in = pg_current_xact_id() where h.log_id = p_log
      returning h.size, h.tip, h.frontier, h.last_ms into size, tip, frontier, last_ms;
    if not found then raise exception 'ledger: there is no log %', p_log using errcode = 'SD004'; end if;
    -- Before the guards ask for the time: an entry must not be later than the moment that its guards found it right.
    now_ms := ledger.now_ms();

    -- The one guard of every entry of a household, and so not named by each: its chain is not closed, but by this batch.
    select coalesce(jsonb_agg(jsonb_build_object('guard', 'subject-present', 'position', h.o - 1,
        'reason', 'subject_erased')), '[]') into failed
      from unnest(p_households) with ordinality h(id, o)
      join subject.closed c on c.log_id = p_log and c.household_id = h.id
      where c.req <> all (p_reqs);
    for v_guard in select g.key as name, g.value as requests from jsonb_each(p_guards) g loop
      select g.function into v_function from ledger.guard g where g.name = v_guard.name;
      if not found then raise exception 'ledger: there is no guard %', v_guard.name using errcode = '22023'; end if;
      execute format(
        'select coalesce(jsonb_agg(jsonb_build_object(''guard'', %L, ''position'', f.position, ''reason'', f.reason)), ''[]'')
           from %s($1, $2) f', v_guard.name, v_function)
        into v_found using p_log, v_guard.requests;
      failed := failed || v_found;
    end loop;

    waiting := '[]';
    if exists (select from ledger.pending p where p.log_id = p_log) then
      -- A stop whose COMMIT was answered too late may have been kept as pending too: it is in the log, so it is not
      -- written again. Left there it would fail every batch from now on.
      delete from ledger.pending p where p.log_id = p_log
        and exists (select from ledger.request r where r.log_id = p.log_id and r.req = p.req);
      select coalesce(jsonb_agg(jsonb_build_object('pending_id', w.pending_id, 'req', w.req, 'household_id', w.household_id,
          'body', w.body) order by w.pending_id), '[]'), p_households || array_agg(w.household_id)
        into waiting, p_households
        from (select p.pending_id, p.req, p.household_id, p.body from ledger.pending p where p.log_id = p_log
              order by p.pending_id limit 256) w;
    end if;
    select coalesce(jsonb_object_agg(r.req, r.idx), '{}') into repeated
      from ledger.request r where r.log_id = p_log and r.req = any (p_reqs);
    select coalesce(jsonb_object_agg(c.household_id, c.next_sseq), '{}') into chains
      from subject.chain c where c.log_id = p_log and c.household_id = any (p_households);
    return next;
  end $$`.execute(db);

/**
 * Writes what open_batch made room for, and trusts nothing: it computes every leaf, the frontier and the root itself
 * and wants header, link, time and checkpoint byte for byte. Entries come as one text, separated by U+001E, which no
 * canonical JSON and no header can hold: arrays of bytea cost more to encode than all the hashing.
 */
const closeBatch = (db: Kysely<unknown>) =>
  sql`
  create function ledger.close_batch(p_log smallint, p_ms bigint, p_entries text, p_stags text[], p_reqs uuid[],
    p_households text[], p_sseqs bigint[], p_pending bigint[], p_checkpoint text)
  returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare
    v_head ledger.head; v_origin text; v_entries bytea[]; v_leaves bytea[]; v_bad bigint; v_node bytea; v_count bigint;
    v_line text; v_frontier bytea[]; v_top int; v_odd bigint; n int;
  begin
    perform ledger.refuse_without_durability();
    select * into v_head from ledger.head h where h.log_id = p_log and h.opened_in = pg_current_xact_id();
    if not found then
      raise exception 'ledger: close_batch without its open_batch' using errcode = 'SD003';
    end if;
    select l.origin into v_origin from ledger.log l where l.log_id = p_log;
    v_entries := array(select convert_to(t.entry, 'UTF8') from unnest(string_to_array(p_entries, E'\\x1e')) t(entry));
    n := cardinality(v_entries);
    if n not between 1 and 768 or n <> cardinality(p_stags) or n <> cardinality(p_reqs)
       or n <> cardinality(p_households) or n <> cardinality(p_sseqs) then
      raise exception 'ledger: bad batch' using errcode = '22023';
    end if;
    if p_ms < v_head.last_ms or abs(p_ms - ledger.now_ms()) > 5000 then
      raise exception 'ledger: the time % is not now', p_ms using errcode = 'SD001';
    end if;

    -- Array by array: a window over the rows that hold the entries copies each of them at every step. On bytes, not on text:
    -- in UTF-8 every length, substr and position of text walks the whole entry. The 44 letters of a tag are base64 of 32 bytes
    -- only if nothing else is among them; a regular expression costs eight times as much.
    v_leaves := array(select sha256('\\x00'::bytea || t.entry) from unnest(v_entries) t(entry));
    select count(*) into v_bad
      from (select u.entry, u.stag, convert_to(format(
            E'stabledoor/entry/v1\\nidx %s\\nprev %s\\ntime %s\\nstag %s\\n{"', v_head.size + u.o - 1, encode(u.prev, 'base64'),
            p_ms, u.stag), 'UTF8') as header
          from unnest(v_entries, v_head.tip || v_leaves[1:n - 1], p_stags) with ordinality u(entry, prev, stag, o) offset 0) h
     where substr(h.entry, 1, octet_length(h.header)) <> h.header
        or substr(h.entry, octet_length(h.entry) - 1) <> '\\x7d0a'
        or not coalesce(case when h.stag = '-' then true when octet_length(h.stag) = 44
            then octet_length(decode(h.stag, 'base64')) = 32 end, false)
        or position('\\x0a'::bytea in substr(h.entry, octet_length(h.header) + 1))
           <> octet_length(h.entry) - octet_length(h.header);
    if v_bad > 0 then
      raise exception 'ledger: % entries do not link to the head', v_bad using errcode = 'SD003';
    end if;
    insert into ledger.entry (log_id, idx, leaf, entry)
      select p_log, v_head.size + u.o - 1, u.leaf, u.entry from unnest(v_leaves, v_entries) with ordinality u(leaf, entry, o);
    insert into ledger.request (log_id, req, idx)
      select p_log, u.req, v_head.size + u.o - 1 from unnest(p_reqs) with ordinality u(req, o);

    -- The frontier: the roots of the perfect subtrees, largest first (RFC 6962 section 2.1).
    v_count := v_head.size;
    v_frontier := v_head.frontier;
    v_top := cardinality(v_frontier);
    foreach v_node in array v_leaves loop
      v_odd := v_count;
      while v_odd & 1 = 1 loop
        v_node := sha256('\\x01'::bytea || v_frontier[v_top] || v_node);
        v_top := v_top - 1; v_odd := v_odd >> 1;
      end loop;
      v_top := v_top + 1;
      v_frontier[v_top] := v_node;
      v_count := v_count + 1;
    end loop;
    v_frontier := v_frontier[1:v_top];
    v_node := v_frontier[v_top];
    for i in reverse v_top - 1 .. 1 loop
      v_node := sha256('\\x01'::bytea || v_frontier[i] || v_node);
    end loop;
    v_line := format(E'%s\\n%s\\n%s\\n\\n— %s ', v_origin, v_count, encode(v_node, 'base64'), v_origin);
    if substr(p_checkpoint, 1, length(v_line)) <> v_line then
      raise exception 'ledger: the checkpoint is not of this tree' using errcode = 'SD003';
    end if;
    insert into ledger.checkpoint (log_id, size, note) values (p_log, v_count, p_checkpoint);

    insert into subject.entry (log_id, household_id, sseq, idx)
      select p_log, u.household, u.sseq, v_head.size + u.o - 1
        from unnest(p_households, p_sseqs) with ordinality u(household, sseq, o) where u.household is not null;
    insert into subject.chain (log_id, household_id, next_sseq)
      select p_log, u.household, max(u.sseq) + 1 from unnest(p_households, p_sseqs) u(household, sseq)
        where u.household is not null group by u.household
      on conflict (log_id, household_id) do update set next_sseq = excluded.next_sseq;
    update ledger.head h set size = v_count, tip = v_leaves[n], frontier = v_frontier, last_ms = p_ms, opened_in = null
      where h.log_id = p_log;
    if cardinality(p_pending) > 0 then
      delete from ledger.pending p
        where p.log_id = p_log and p.pending_id = any (p_pending) and p.req = any (p_reqs);
      get diagnostics v_count = row_count;
      if v_count <> cardinality(p_pending) then
        raise exception 'ledger: a pending entry that is not in this batch stays' using errcode = 'SD003';
      end if;
    end if;
  end $$`.execute(db);

const pending = (db: Kysely<unknown>) =>
  sql`
  create function ledger.add_pending(p_log smallint, p_req uuid, p_household text, p_body text) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into ledger.pending (log_id, req, household_id, body, created_at)
      values (p_log, p_req, p_household, p_body, ledger.now());
  $$`.execute(db);

/** The append also runs inside longer transactions: durability must hold at their commit, not only at the append. */
const durabilityAtCommit = (db: Kysely<unknown>) =>
  sql`
  create function ledger.check_durability_at_commit() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    perform ledger.refuse_without_durability();
    return null;
  end $$;
  create constraint trigger durable_at_commit after insert on ledger.checkpoint deferrable initially deferred
    for each row execute function ledger.check_durability_at_commit();
  create constraint trigger durable_at_commit after insert on ledger.pending deferrable initially deferred
    for each row execute function ledger.check_durability_at_commit()`.execute(db);

/** The one guard that is the ledger's own: two processes may both try to open an empty log. */
const guards = (db: Kysely<unknown>) =>
  sql`
  create function ledger.guard_log_empty(p_log smallint, p_requests jsonb)
  returns table ("position" int, reason text) language sql volatile set search_path = pg_catalog, pg_temp as $$
    select (r.value ->> 'position')::int, 'log_not_empty'
      from jsonb_array_elements(p_requests) r, ledger.head h where h.log_id = p_log and h.size > 0;
  $$;
  insert into ledger.guard (name, function) values ('log-empty', 'ledger.guard_log_empty')`.execute(db);

const moveClock = (db: Kysely<unknown>) =>
  sql`
  -- Sets ledger.now() to p_ms (null: back to the machine's clock). Never in production, never before the last entry.
  create function ledger.move_clock(p_ms bigint) returns bigint language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  declare v_offset bigint := 0; v_last bigint;
  begin
    if not exists (select from ledger.log) or exists (select from ledger.log where mode = 'production') then
      raise exception 'ledger: the clock moves in sandbox and demo only' using errcode = 'SD001';
    end if;
    if p_ms is not null then
      v_offset := p_ms - floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
    end if;
    select coalesce(max(last_ms), 0) into v_last from ledger.head;
    if floor(extract(epoch from clock_timestamp()) * 1000)::bigint + v_offset < v_last then
      raise exception 'ledger: the clock cannot go back behind the last entry' using errcode = 'SD001';
    end if;
    update ledger.clock_offset set offset_ms = v_offset;
    notify ledger_clock;
    return ledger.now_ms();
  end $$`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on all functions in schema ledger from public;
  grant execute on function ledger.now(), ledger.now_ms() to stabledoor_app, stabledoor_audit;
  grant execute on function ledger.open_log(smallint, text, text),
    ledger.open_batch(smallint, uuid[], text[], jsonb),
    ledger.close_batch(smallint, bigint, text, text[], uuid[], text[], bigint[], bigint[], text),
    ledger.add_pending(smallint, uuid, text, text), ledger.move_clock(bigint) to stabledoor_app;
  grant select on ledger.log, ledger.head, ledger.entry, ledger.request, ledger.checkpoint, ledger.pending, ledger.guard
    to stabledoor_app;
  grant select on ledger.log, ledger.head, ledger.entry, ledger.checkpoint to stabledoor_audit;
  grant usage on schema subject to stabledoor_app;
  grant select on subject.chain, subject.entry to stabledoor_app`.execute(db);
