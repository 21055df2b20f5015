// What the ledger says to the database. Both batch functions belong to one transaction, the caller's.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';

export interface WaitingEntry {
  readonly pending_id: number;
  readonly req: string;
  readonly household_id: string | null;
  readonly body: string;
}

export interface OpenedBatch {
  readonly size: number;
  readonly tip: Uint8Array;
  readonly frontier: Uint8Array[];
  readonly last_ms: number;
  readonly now_ms: number;
  readonly failed: { guard: string; position: number; reason: string }[];
  /** Request ids that the log holds already, with their index. */
  readonly repeated: Record<string, number>;
  /** Next sseq of each household that has a chain. */
  readonly chains: Record<string, number>;
  /** What waited in ledger.pending, oldest first. */
  readonly waiting: WaitingEntry[];
}

export interface BatchRequest {
  readonly reqs: string[];
  readonly households: (string | null)[];
  /** By guard name: the positions that named it, with their arguments. */
  readonly guards: Record<string, { position: number; args: Record<string, string | number> }[]>;
}

/** Takes the head row until the transaction ends, and runs the guards. */
export async function openBatch(
  tx: BrokerTransaction,
  logId: number,
  request: BatchRequest,
): Promise<OpenedBatch> {
  const { rows } = await sql<OpenedBatch>`
    select size, tip, frontier, last_ms, now_ms, failed, repeated, chains, waiting
      from ledger.open_batch(${logId}::smallint, ${request.reqs}::uuid[], ${request.households}::text[],
        ${JSON.stringify(request.guards)}::jsonb)`.execute(tx);
  return rows[0] as OpenedBatch;
}

export interface ClosedBatch {
  readonly timeMs: number;
  readonly entries: string[];
  readonly stags: string[];
  readonly reqs: string[];
  readonly households: (string | null)[];
  readonly sseqs: (number | null)[];
  readonly pendingIds: number[];
  readonly checkpoint: string;
  readonly evidence: readonly { readonly index: number; readonly sealed: Buffer }[];
}

/** No canonical JSON and no header can hold this character: it separates entries in one text. */
const separator = '\u001e';

export async function closeBatch(tx: BrokerTransaction, logId: number, batch: ClosedBatch): Promise<void> {
  const close = sql`ledger.close_batch(${logId}::smallint, ${batch.timeMs}::bigint, ${batch.entries.join(separator)},
      ${batch.stags}::text[], ${batch.reqs}::uuid[], ${batch.households}::text[], ${batch.sseqs}::bigint[],
      ${batch.pendingIds}::bigint[], ${batch.checkpoint})`;
  const { evidence } = batch;
  if (evidence.length === 0) {
    await sql`select ${close}`.execute(tx);
    return;
  }
  // In one statement: a round trip more would be one more under the head lock.
  await sql`
    with closed as materialized (select ${close})
    select evidence.keep(${logId}::smallint, ${evidence.map(({ index }) => index)}::bigint[],
      ${evidence.map(({ sealed }) => sealed.length)}::integer[],
      ${Buffer.concat(evidence.map(({ sealed }) => sealed))}) from closed`.execute(tx);
}

export interface PendingEntry {
  readonly req: string;
  readonly householdId: string | null;
  readonly body: string;
}

export async function addPending(tx: BrokerTransaction, logId: number, entry: PendingEntry): Promise<void> {
  await sql`
    select ledger.add_pending(${logId}::smallint, ${entry.req}::uuid, ${entry.householdId}, ${entry.body})`.execute(
    tx,
  );
}

/** Returns the size of the log, which is 0 until `log.opened` is written. Errors: SD004 for another origin or mode. */
export async function openLogRow(db: Store, logId: number, origin: string, mode: string): Promise<number> {
  const { rows } = await sql<{ size: number }>`
    select ledger.open_log(${logId}::smallint, ${origin}, ${mode}) as size`.execute(db);
  return rows[0]?.size ?? 0;
}

export async function countPending(db: Store, logId: number): Promise<number> {
  const { count } = await db
    .selectFrom('ledger.pending')
    .select((q) => q.fn.countAll<number>().as('count'))
    .where('log_id', '=', logId)
    .executeTakeFirstOrThrow();
  return count;
}

/** The newest checkpoint, or null for an empty log. */
export async function latestCheckpoint(
  db: Store,
  logId: number,
): Promise<{ size: number; note: string } | null> {
  const row = await db
    .selectFrom('ledger.checkpoint')
    .select(['size', 'note'])
    .where('log_id', '=', logId)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The smallest checkpoint of at least `size` entries, or null while there are fewer. */
export async function checkpointFrom(
  db: Store,
  logId: number,
  size: number,
): Promise<{ size: number; note: string } | null> {
  const row = await db
    .selectFrom('ledger.checkpoint')
    .select(['size', 'note'])
    .where('log_id', '=', logId)
    .where('size', '>=', size)
    .orderBy('size')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The time of the newest entry; 0 while there is none. */
export async function headTimeMs(db: Store, logId: number): Promise<number> {
  const row = await db
    .selectFrom('ledger.head')
    .select('last_ms')
    .where('log_id', '=', logId)
    .executeTakeFirst();
  return row?.last_ms ?? 0;
}

export async function findLog(db: Store, logId: number): Promise<{ origin: string; mode: string } | null> {
  const row = await db
    .selectFrom('ledger.log')
    .select(['origin', 'mode'])
    .where('log_id', '=', logId)
    .executeTakeFirst();
  return row ?? null;
}

/** Another log has succeeded it. */
export async function isClosed(db: Store, logId: number): Promise<boolean> {
  const row = await db
    .selectFrom('ledger.head')
    .select('closed')
    .where('log_id', '=', logId)
    .executeTakeFirst();
  return row?.closed ?? false;
}

/** At most 1,000, by number. */
export async function listLogs(
  db: Store,
): Promise<{ log_id: number; origin: string; succeeds: number | null }[]> {
  return await db
    .selectFrom('ledger.log')
    .select(['log_id', 'origin', 'succeeds'])
    .orderBy('log_id')
    .limit(1000)
    .execute();
}

/** Entries `from` (inclusive) to `to` (exclusive) as text, a page at a time, so that a log of any size streams. */
export async function* readEntries(
  db: Store,
  logId: number,
  from: number,
  to: number,
): AsyncGenerator<string> {
  const pageSize = 2000;
  for (let next = from; next < to; next += pageSize) {
    const rows = await db
      .selectFrom('ledger.entry')
      .select(['idx', 'entry'])
      .where('log_id', '=', logId)
      .where('idx', '>=', next)
      .where('idx', '<', Math.min(next + pageSize, to))
      .orderBy('idx')
      .execute();
    for (const row of rows) yield row.entry.toString('utf8');
  }
}

/** Settings and rights of this connection, for the checks before the first entry. */
export interface LedgerRights {
  readonly server: number;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  /** Tables of the ledger that the role could write to; null is right. */
  readonly too_much: string | null;
  /** The owner of the ledger, if the role is it or could become it; null is right. */
  readonly may_become: string | null;
}

export async function readLedgerRights(db: Store): Promise<LedgerRights> {
  const { rows } = await sql<LedgerRights>`
    select current_setting('server_version_num')::int as server, current_setting('fsync') as fsync,
      current_setting('full_page_writes') as full_page_writes, current_setting('synchronous_commit') as synchronous_commit,
      (select string_agg(distinct t.schemaname || '.' || t.tablename, ', ')
         from pg_catalog.pg_tables t
        where t.schemaname = 'ledger'
          and has_table_privilege(format('%I.%I', t.schemaname, t.tablename), 'insert, update, delete, truncate, trigger')
      ) as too_much,
      (select min(r.rolname) from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on r.oid = n.nspowner
        where n.nspname = 'ledger' and pg_has_role(n.nspowner, 'member')) as may_become`.execute(db);
  return rows[0] as LedgerRights;
}

/** Null when table, partitions, triggers and head agree; else what does not, in words. */
export async function findDamage(db: Store, logId: number): Promise<string | null> {
  const { rows } = await sql<{ damage: string | null }>`
    select ledger.find_damage(${logId}::smallint) as damage`.execute(db);
  return rows[0]?.damage ?? null;
}

/** Closes a log for good and makes the row and the empty head of the next. Errors: SD007 where it is closed already. */
export async function succeedLogRow(tx: BrokerTransaction, former: number, origin: string): Promise<number> {
  const { rows } = await sql<{ log_id: number }>`
    select ledger.succeed_log(${former}::smallint, ${origin}) as log_id`.execute(tx);
  return (rows[0] as { log_id: number }).log_id;
}

/** What waited for the log before waits for this one. Returns how many. */
export async function takeOverPending(tx: BrokerTransaction, logId: number): Promise<number> {
  const { rows } = await sql<{ taken: number }>`
    select ledger.take_over_pending(${logId}::smallint) as taken`.execute(tx);
  return rows[0]?.taken ?? 0;
}

/** The same of the leaves `from` to `to`, exclusive, and of the stored hashes that runs of theirs complete. */
export async function findTreeDamage(
  db: Store,
  logId: number,
  from: number,
  to: number,
): Promise<string | null> {
  const { rows } = await sql<{ damage: string | null }>`
    select ledger.find_tree_damage(${logId}::smallint, ${from}::bigint, ${to}::bigint) as damage`.execute(db);
  return rows[0]?.damage ?? null;
}
