// The SQL that finds the evidence of an entry. It is written by evidence.keep alone, with its entry.
import type { Store } from '../db/database.ts';

export interface SealedEvidence {
  readonly householdId: string;
  readonly entry: Buffer;
  readonly sealed: Buffer;
}

/** Null where there is none, or the household has been erased. */
export async function findSealed(store: Store, logId: number, index: number): Promise<SealedEvidence | null> {
  const row = await store
    .selectFrom('evidence.sealed as s')
    .innerJoin('ledger.entry as e', (on) =>
      on.onRef('e.log_id', '=', 's.log_id').onRef('e.idx', '=', 's.idx'),
    )
    .innerJoin('subject.entry as h', (on) =>
      on.onRef('h.log_id', '=', 's.log_id').onRef('h.idx', '=', 's.idx'),
    )
    .select(['h.household_id', 'e.entry', 's.sealed'])
    .where('s.log_id', '=', logId)
    .where('s.idx', '=', index)
    .executeTakeFirst();
  return row ? { householdId: row.household_id, entry: row.entry, sealed: row.sealed } : null;
}

export interface SealedEntry extends SealedEvidence {
  readonly index: number;
}

/** What is sealed beside the entries `from` to `to`, exclusive. */
export async function findSealedRange(
  store: Store,
  logId: number,
  from: number,
  to: number,
): Promise<SealedEntry[]> {
  const rows = await store
    .selectFrom('evidence.sealed as s')
    .innerJoin('ledger.entry as e', (on) =>
      on.onRef('e.log_id', '=', 's.log_id').onRef('e.idx', '=', 's.idx'),
    )
    .innerJoin('subject.entry as h', (on) =>
      on.onRef('h.log_id', '=', 's.log_id').onRef('h.idx', '=', 's.idx'),
    )
    .select(['s.idx', 'h.household_id', 'e.entry', 's.sealed'])
    .where('s.log_id', '=', logId)
    .where('s.idx', '>=', from)
    .where('s.idx', '<', to)
    // Said of each table, so that none of them is read from end to end.
    .where('e.idx', '>=', from)
    .where('e.idx', '<', to)
    .where('h.log_id', '=', logId)
    .where('h.idx', '>=', from)
    .where('h.idx', '<', to)
    .orderBy('s.idx')
    .execute();
  return rows.map(({ idx, household_id, entry, sealed }) => ({
    index: idx,
    householdId: household_id,
    entry,
    sealed,
  }));
}
