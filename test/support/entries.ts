// The ledger's entries as a test wants to look at them: place, and parsed body.
import type { Store } from '../../src/db/database.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { type EntryBody, parseEntryBody } from '../../src/ledger/entry-body.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';

export type PlacedEntry = { readonly index: number } & EntryBody;

export async function allEntries(db: Store, logId = 1): Promise<PlacedEntry[]> {
  const placed: PlacedEntry[] = [];
  const head = await db
    .selectFrom('ledger.head')
    .select('size')
    .where('log_id', '=', logId)
    .executeTakeFirst();
  for await (const text of readEntries(db, logId, 0, head?.size ?? 0)) {
    const { index, body } = parseEntry(text);
    placed.push({ index, ...parseEntryBody(body) });
  }
  return placed;
}
