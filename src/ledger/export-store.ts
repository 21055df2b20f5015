// What an export reads: entries as the lines they will be, and which checkpoints and keys belong to a range. The lines are
// written by the database, whose JSON escapes are those of JSON.stringify: that is what makes an export quick.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

/** Lines of the entries `from` to `to`, exclusive. Null where one is missing or is no text, which only tampering makes. */
export async function readEntryLines(
  db: Store,
  logId: number,
  from: number,
  to: number,
): Promise<string | null> {
  const { rows } = await sql<{ lines: string | null }>`
    select ledger.entry_lines(${logId}::smallint, ${from}::bigint, ${to}::bigint) as lines`.execute(db);
  return rows[0]?.lines ?? null;
}

export interface StoredEntry {
  readonly idx: number;
  readonly entry: Buffer;
}

/** The same entries as they lie there. */
export async function readStoredEntries(
  db: Store,
  logId: number,
  from: number,
  to: number,
): Promise<StoredEntry[]> {
  return await db
    .selectFrom('ledger.entry')
    .select(['idx', 'entry'])
    .where('log_id', '=', logId)
    .where('idx', '>=', from)
    .where('idx', '<', to)
    .orderBy('idx')
    .execute();
}

export interface SizedNote {
  readonly size: number;
  readonly note: string;
}

/** Checkpoints of more than `from` and at most `to` entries, each as it was first cosigned. */
export async function readFirstWitnessed(
  db: Store,
  logId: number,
  from: number,
  to: number,
): Promise<SizedNote[]> {
  return await db
    .selectFrom('ledger.witnessed')
    .select(['size', 'first_note as note'])
    .where('log_id', '=', logId)
    .where('size', '>', from)
    .where('size', '<=', to)
    .orderBy('size')
    .execute();
}

/** The smallest cosigned checkpoint of at least `size` entries, as it was first cosigned; null where there is none. */
export async function firstWitnessedFrom(db: Store, logId: number, size: number): Promise<SizedNote | null> {
  const row = await db
    .selectFrom('ledger.witnessed')
    .select(['size', 'first_note as note'])
    .where('log_id', '=', logId)
    .where('size', '>=', size)
    .orderBy('size')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The newest checkpoint of at most `size` entries, or null. */
export async function checkpointUpTo(db: Store, logId: number, size: number): Promise<SizedNote | null> {
  const row = await db
    .selectFrom('ledger.checkpoint')
    .select(['size', 'note'])
    .where('log_id', '=', logId)
    .where('size', '<=', size)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Every key that the log has had, as the database knows them: a hint to whoever has none. */
export async function readLogKeys(db: Store, logId: number): Promise<string[]> {
  const rows = await db
    .selectFrom('ledger.log_key')
    .select('key')
    .where('log_id', '=', logId)
    .orderBy('published_at')
    .execute();
  return rows.map(({ key }) => key);
}

/** The leaf hash that is stored with an entry, or null. */
export async function readLeaf(db: Store, logId: number, index: number): Promise<Buffer | null> {
  const row = await db
    .selectFrom('ledger.entry')
    .select('leaf')
    .where('log_id', '=', logId)
    .where('idx', '=', index)
    .executeTakeFirst();
  return row?.leaf ?? null;
}
