// Keeps and finds checkpoints with the cosignatures of witnesses, and what a round of witnessing asks the log about.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import { parseEntry } from './entry.ts';

export interface Witnessed {
  readonly size: number;
  /** The log's signed note with the cosignature lines after its own. */
  readonly note: string;
  readonly witnessedAt: Date;
}

/** Errors: SD003 unless `note` is the stored checkpoint of that size with lines added. */
export async function putWitnessed(db: Store, logId: number, size: number, note: string): Promise<void> {
  await sql`select ledger.put_witnessed(${logId}::smallint, ${size}::bigint, ${note})`.execute(db);
}

/** The newest checkpoint that enough witnesses cosigned, or null. */
export async function newestWitnessed(db: Store, logId: number): Promise<Witnessed | null> {
  const row = await db
    .selectFrom('ledger.witnessed')
    .select(['size', 'note', 'witnessed_at'])
    .where('log_id', '=', logId)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { size: row.size, note: row.note, witnessedAt: row.witnessed_at };
}

/** Every cosigned checkpoint up to a size, smallest first, read a page at a time. */
export async function* readWitnessed(
  db: Store,
  logId: number,
  upTo: number,
): AsyncGenerator<{ size: number; note: string }> {
  const pageSize = 500;
  for (let from = 0; ; ) {
    const rows = await db
      .selectFrom('ledger.witnessed')
      .select(['size', 'note'])
      .where('log_id', '=', logId)
      .where('size', '>', from)
      .where('size', '<=', upTo)
      .orderBy('size')
      .limit(pageSize)
      .execute();
    yield* rows;
    if (rows.length < pageSize) return;
    from = rows.at(-1)?.size ?? upTo;
  }
}

/** The checkpoint that was signed at exactly that size, or null. */
export async function checkpointAt(db: Store, logId: number, size: number): Promise<string | null> {
  const row = await db
    .selectFrom('ledger.checkpoint')
    .select('note')
    .where('log_id', '=', logId)
    .where('size', '=', size)
    .executeTakeFirst();
  return row?.note ?? null;
}

/** When an entry was written, in milliseconds since 1970; null if there is none. Throws EntryFormatError. */
export async function entryTimeMs(db: Store, logId: number, index: number): Promise<number | null> {
  const row = await db
    .selectFrom('ledger.entry')
    .select('entry')
    .where('log_id', '=', logId)
    .where('idx', '=', index)
    .executeTakeFirst();
  return row === undefined ? null : parseEntry(row.entry.toString('utf8')).timeMs;
}
