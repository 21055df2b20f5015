// The SQL of accounting for the meter store's numbers: up to where they are settled, and which later ones have an entry.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';

export interface SettledReads {
  readonly number: number;
  readonly storeStart: string;
}

/** Does nothing where the log's numbers are looked after already. */
export async function beginStoreReads(
  db: Store,
  logId: number,
  { number, storeStart }: SettledReads,
): Promise<void> {
  await sql`select ledger.begin_store_reads(${logId}::smallint, ${number}::bigint, ${storeStart})`.execute(
    db,
  );
}

/** Holds them until the transaction ends. Null where another process does. */
export async function holdStoreReads(tx: BrokerTransaction, logId: number): Promise<SettledReads | null> {
  const { rows } = await sql<{ number: number; store_start: string }>`
    select number, store_start from ledger.hold_store_reads(${logId}::smallint)`.execute(tx);
  const [row] = rows;
  return row ? { number: row.number, storeStart: row.store_start } : null;
}

/** Numbers with an entry, after that one, in order. */
export async function listStoreReads(
  tx: BrokerTransaction,
  logId: number,
  after: number,
  most: number,
): Promise<SettledReads[]> {
  const rows = await tx
    .selectFrom('ledger.store_read')
    .select(['number', 'store_start'])
    .where('log_id', '=', logId)
    .where('number', '>', after)
    .orderBy('number')
    .limit(most)
    .execute();
  return rows.map((row) => ({ number: row.number, storeStart: row.store_start }));
}

/** Locks nothing but what `holdStoreReads` holds: it may come after the entries. */
export async function settleStoreReads(
  tx: BrokerTransaction,
  logId: number,
  { number, storeStart }: SettledReads,
): Promise<void> {
  await sql`select ledger.settle_store_reads(${logId}::smallint, ${number}::bigint, ${storeStart})`.execute(
    tx,
  );
}
