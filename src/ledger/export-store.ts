// What an export reads: entries, a page of them as one text, and which checkpoints and keys belong to a range.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

/** What stands between the entries of a page: no entry that the broker wrote holds a control character but its line feeds. */
export const BETWEEN = '\x7f';

/**
 * The entries `from` to `to`, exclusive, with `BETWEEN` between them. Null where one is missing, is no text or holds that itself,
 * which only tampering makes.
 */
export async function readEntryTexts(
  db: Store,
  logId: number,
  from: number,
  to: number,
): Promise<string | null> {
  const { rows } = await sql<{ entries: string | null }>`
    select ledger.entry_texts(${logId}::smallint, ${from}::bigint, ${to}::bigint) as entries`.execute(db);
  const entries = rows[0]?.entries ?? null;
  return entries !== null && entries.split(BETWEEN).length === to - from ? entries : null;
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
