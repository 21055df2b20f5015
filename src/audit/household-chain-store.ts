// The SQL of a household's chain: which entries are its own, and what is kept sealed beside them.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { HouseholdId } from '../lib/ids.ts';

export interface OwnEntry {
  readonly number: number;
  readonly index: number;
  readonly entry: Buffer;
  readonly sealed: Buffer | null;
}

/** Entries of the household from `first` on, before entry `before` of the log, at most so many. */
export async function readOwnEntries(
  store: Store,
  logId: number,
  householdId: HouseholdId,
  { first, before, most }: { readonly first: number; readonly before: number; readonly most: number },
): Promise<OwnEntry[]> {
  const rows = await store
    .selectFrom('subject.entry as h')
    .innerJoin('ledger.entry as e', (on) =>
      on.onRef('e.log_id', '=', 'h.log_id').onRef('e.idx', '=', 'h.idx'),
    )
    .leftJoin('evidence.sealed as s', (on) =>
      on.onRef('s.log_id', '=', 'h.log_id').onRef('s.idx', '=', 'h.idx'),
    )
    .select(['h.sseq', 'h.idx', 'e.entry', 's.sealed'])
    .where('h.log_id', '=', logId)
    .where('h.household_id', '=', householdId)
    .where('h.sseq', '>=', first)
    .where('h.idx', '<', before)
    .orderBy('h.sseq')
    .limit(most)
    .execute();
  return rows.map(({ sseq, idx, entry, sealed }) => ({ number: sseq, index: idx, entry, sealed }));
}

/** Number of the household's first entry in this log: not 0 where the log succeeds another. */
export async function firstNumber(store: Store, logId: number, householdId: HouseholdId): Promise<number> {
  const row = await store
    .selectFrom('subject.entry')
    .select('sseq')
    .where('log_id', '=', logId)
    .where('household_id', '=', householdId)
    .orderBy('sseq')
    .limit(1)
    .executeTakeFirst();
  return row?.sseq ?? 0;
}

/** Of the household's entries, the newest that a licence or a lawful order led to. */
export async function readEntriesByLaw(
  store: Store,
  logId: number,
  householdId: HouseholdId,
  most: number,
): Promise<OwnEntry[]> {
  const rows = await store
    .selectFrom('subject.entry as h')
    .innerJoin('ledger.entry as e', (on) =>
      on.onRef('e.log_id', '=', 'h.log_id').onRef('e.idx', '=', 'h.idx'),
    )
    .leftJoin('evidence.sealed as s', (on) =>
      on.onRef('s.log_id', '=', 'h.log_id').onRef('s.idx', '=', 'h.idx'),
    )
    .select(['h.sseq', 'h.idx', 'e.entry', 's.sealed'])
    .where('h.log_id', '=', logId)
    .where('h.household_id', '=', householdId)
    .where(
      sql<boolean>`(position(convert_to('"basis":"licence"', 'UTF8') in e.entry) > 0
        or position(convert_to('"kind":"lawful-order.opened"', 'UTF8') in e.entry) > 0)`,
    )
    .orderBy('h.sseq', 'desc')
    .limit(most)
    .execute();
  return rows.map(({ sseq, idx, entry, sealed }) => ({ number: sseq, index: idx, entry, sealed }));
}
