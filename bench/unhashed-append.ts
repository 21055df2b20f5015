// The floor of an append: the same queue, the same two calls in one transaction, the same rows of the same length, and
// no hash, tag, link check, tree or signature on either side. What the ledger costs more than this is its proofs.
import { type Kysely, sql } from 'kysely';
import type { BrokerTransaction } from '../src/db/database.ts';
import type { BatchOutcome, BatchProgress, PreparedEntry } from '../src/ledger/batch.ts';
import { assembleEntry } from '../src/ledger/entry.ts';
import { sealBody } from '../src/ledger/entry-body.ts';
import type { AppendRequest } from '../src/ledger/ledger.ts';
import { openSequencer } from '../src/ledger/sequencer.ts';
import type { Bed } from './bed.ts';
import { quietLogger } from './bed.ts';

const blank = `${'A'.repeat(43)}=`;
const checkpoint = `bench.example/ledger\n1000000\n${blank}\n\n— bench.example/ledger ${'A'.repeat(92)}\n`;

const tables = (owner: Kysely<never>) =>
  sql`
  create schema floor;
  create table floor.head (like ledger.head including all);
  alter table floor.head set (fillfactor = 50);
  create table floor.entry (like ledger.entry including all);
  create table floor.request (like ledger.request including all);
  create table floor.checkpoint (like ledger.checkpoint including all);
  create table floor.member (like subject.entry including all);
  create table floor.chain (like subject.chain including all);
  alter table floor.chain set (fillfactor = 50);
  create table floor.store_read (like ledger.store_read including all);
  insert into floor.head (log_id, size, tip, frontier, last_ms) values (1, 0, sha256(''), '{}', 0)`.execute(
    owner,
  );

const functions = (owner: Kysely<never>) =>
  sql`
  create function floor.open_batch(p_log smallint, p_reqs uuid[], p_households text[], p_guards jsonb)
  returns table (size bigint, tip bytea, frontier bytea[], last_ms bigint, now_ms bigint, failed jsonb, repeated jsonb,
    chains jsonb, waiting jsonb)
  language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  begin
    update floor.head h set opened_in = pg_current_xact_id() where h.log_id = p_log
      returning h.size, h.tip, h.frontier, h.last_ms into size, tip, frontier, last_ms;
    failed := '[]';
    select coalesce(jsonb_object_agg(r.req, r.idx), '{}') into repeated
      from floor.request r where r.log_id = p_log and r.req = any (p_reqs);
    select coalesce(jsonb_agg(w.body), '[]') into waiting from ledger.pending w where w.log_id = p_log;
    select coalesce(jsonb_object_agg(c.household_id, c.next_sseq), '{}') into chains
      from floor.chain c where c.log_id = p_log and c.household_id = any (p_households);
    now_ms := ledger.now_ms();
    return next;
  end $$;
  create function floor.close_batch(p_log smallint, p_ms bigint, p_entries text, p_stags text[], p_reqs uuid[],
    p_households text[], p_sseqs bigint[], p_checkpoint text)
  returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  declare v_size bigint; n int := cardinality(p_reqs);
  begin
    select h.size into v_size from floor.head h where h.log_id = p_log;
    insert into floor.entry (log_id, idx, leaf, entry)
      select p_log, v_size + e.o - 1, '\\x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
        convert_to(e.entry, 'UTF8') from unnest(string_to_array(p_entries, E'\\x1e')) with ordinality e(entry, o);
    -- The number of the read that each is of, as migrations/0035-store-reads.ts notes it.
    insert into floor.store_read (log_id, number, store_start)
      select p_log, split_part(f.read, '/', 2)::bigint, split_part(f.read, '/', 1)
        from (select e.entry, position('"store_read":"'::bytea in e.entry) as at from floor.entry e
               where e.log_id = p_log and e.idx >= v_size and e.idx < v_size + n) e
        cross join lateral (select split_part(encode(substr(e.entry, e.at + 14, 84), 'escape'), '"', 1) as read) f
       where e.at > 0 and f.read ~ '^[^/]+/[0-9]{1,15}$'
      on conflict do nothing;
    insert into floor.request (log_id, req, idx)
      select p_log, r.req, v_size + r.o - 1 from unnest(p_reqs) with ordinality r(req, o);
    insert into floor.checkpoint (log_id, size, note) values (p_log, v_size + n, p_checkpoint);
    insert into floor.member (log_id, household_id, sseq, idx)
      select p_log, u.household, u.sseq, v_size + u.o - 1
        from unnest(p_households, p_sseqs) with ordinality u(household, sseq, o);
    insert into floor.chain (log_id, household_id, next_sseq)
      select p_log, u.household, max(u.sseq) + 1 from unnest(p_households, p_sseqs) u(household, sseq) group by 2
      on conflict (log_id, household_id) do update set next_sseq = excluded.next_sseq;
    update floor.head h set size = v_size + n, last_ms = p_ms, opened_in = null where h.log_id = p_log;
  end $$;
  grant usage on schema floor to stabledoor_app;
  grant execute on all functions in schema floor to stabledoor_app`.execute(owner);

interface Head {
  readonly size: number;
  readonly now_ms: number;
  readonly chains: Record<string, number>;
}

async function writeUnhashed(
  tx: BrokerTransaction,
  entries: readonly PreparedEntry[],
  progress: BatchProgress,
): Promise<BatchOutcome[]> {
  const reqs = entries.map((entry) => entry.req);
  const households = entries.map((entry) => entry.householdId as string);
  const { rows } = await sql<Head>`
    select size, tip, frontier, last_ms, now_ms, failed, repeated, chains, waiting
      from floor.open_batch(1::smallint, ${reqs}::uuid[], ${households}::text[], '{}'::jsonb)`.execute(tx);
  const head = rows[0] as Head;
  const next = new Map(Object.entries(head.chains));
  const sseqs = households.map((household) => {
    const sseq = next.get(household) ?? 0;
    next.set(household, sseq + 1);
    return sseq;
  });
  const text = entries
    .map(({ body }, i) =>
      assembleEntry({ index: head.size + i, prev: blank, timeMs: head.now_ms, stag: blank }, body),
    )
    .join('\u001e');
  const closing = sql`
    select floor.close_batch(1::smallint, ${head.now_ms}::bigint, ${text}, ${entries.map(() => blank)}::text[],
      ${reqs}::uuid[], ${households}::text[], ${sseqs}::bigint[], ${checkpoint})`.execute(tx);
  progress.onSent();
  await closing;
  progress.onClosed();
  return entries.map((_, i) => ({
    origin: 'floor',
    index: head.size + i,
    leaf: blank,
    timeMs: head.now_ms,
    sealedAt: performance.now(),
    outcome: 'allowed',
    reason: null,
    checkpoint,
    proof: () => [],
  }));
}

/** The requests are checked and written as canonical JSON as ever; their commitments are constant. */
export async function unhashedAppend({
  app,
  owner,
}: Bed): Promise<(request: AppendRequest) => Promise<void>> {
  await tables(owner as unknown as Kysely<never>);
  await functions(owner as unknown as Kysely<never>);
  const sequencer = openSequencer(
    (entries, progress) => app.transaction().execute((tx) => writeUnhashed(tx, entries, progress)),
    quietLogger,
  );
  return async ({ req, householdId, body, personal = {} }) => {
    const commit = Object.fromEntries(Object.keys(personal).map((field) => [field, blank]));
    const sealed = sealBody(body, req, commit);
    await sequencer.append({
      req,
      householdId,
      subject: null,
      body: sealed,
      refusal: () => null,
      evidence: null,
      guards: [],
    });
  };
}
