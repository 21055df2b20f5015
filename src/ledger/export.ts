// Writes the export of a log (docs/ledger-export.md) from the database: every entry up to one checkpoint, and what is
// needed to verify it elsewhere. Entries never change, so a checkpoint taken first fixes all that follows.
import type { Store } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import { parseEntry } from './entry.ts';
import { parseEntryBody } from './entry-body.ts';
import { EXPORT_FORMAT, type ExportLine } from './export-format.ts';
import { checkpointFrom, findLog, latestCheckpoint, readEntries } from './ledger-store.ts';
import { readWitnessed } from './witnessed-store.ts';

export interface ExportedPolicy {
  readonly digest: string;
  readonly text: string;
}

export interface ExportOptions {
  readonly logId: number;
  readonly clock: Clock;
  /** Texts of the policies that were published; verification names those that are missing. */
  readonly policies: readonly ExportedPolicy[];
  /** At least the entries before this one: up to the first checkpoint that covers them. Absent: all. */
  readonly to?: number;
}

/** Errors: there is no log, nothing in it, or no checkpoint that reaches `to`. */
export async function* exportLog(db: Store, options: ExportOptions): AsyncGenerator<ExportLine> {
  const { logId, clock, policies, to } = options;
  const log = await findLog(db, logId);
  const checkpoint =
    to === undefined ? await latestCheckpoint(db, logId) : await checkpointFrom(db, logId, to);
  if (log === null || checkpoint === null)
    throw new Error(
      to === undefined ? 'there is no ledger here yet' : `the ledger has fewer than ${to} entries`,
    );
  const { size, note } = checkpoint;
  yield {
    type: 'manifest',
    format: EXPORT_FORMAT,
    origin: log.origin,
    size,
    exported_ms: clock.nowMs(),
  };
  for (const key of await keysOf(db, logId)) yield { type: 'key', key };
  for (const { digest, text } of policies) yield { type: 'policy', digest, text };
  yield* entriesAndCheckpoints(db, logId, { size, note });
}

/**
 * Each cosigned checkpoint stands right after what it covers, and so does the one that covers a change of the log's keys:
 * who trusts the old key sees there which one follows. The last line is one of all entries, cosigned or not.
 */
async function* entriesAndCheckpoints(
  db: Store,
  logId: number,
  { size, note }: { size: number; note: string },
): AsyncGenerator<ExportLine> {
  const witnessed = readWitnessed(db, logId, size);
  let next = await witnessed.next();
  let keyChange: { size: number; note: string } | null = null;
  let count = 0;
  for await (const entry of readEntries(db, logId, 0, size)) {
    yield { type: 'entry', entry };
    count++;
    // Rare, so that this is no query in a loop.
    if (changesLogKeys(entry)) keyChange ??= await checkpointFrom(db, logId, count);
    const isWitnessed = !next.done && next.value.size === count;
    if (!isWitnessed && keyChange?.size !== count) continue;
    if (!isWitnessed && count === size) break;
    yield { type: 'checkpoint', note: isWitnessed ? next.value.note : (keyChange as { note: string }).note };
    if (count === size) return;
    if (isWitnessed) next = await witnessed.next();
    if (keyChange?.size === count) keyChange = null;
  }
  yield { type: 'checkpoint', note };
}

const changesLogKeys = (entry: string): boolean =>
  entry.includes('"use":"ledger"') &&
  /\n\{"actor":"[a-z-]+","key":"[^"]+","kind":"key\.(published|retired)",/.test(entry);

/** The key that the log was opened with. Those that follow it stand in the log. */
async function keysOf(db: Store, logId: number): Promise<string[]> {
  for await (const text of readEntries(db, logId, 0, 1)) {
    const body = readBody(text);
    if (body?.kind === 'log.opened') return [body.key];
  }
  return [];
}

/** Null for an entry that was tampered with: the export still goes out, so that verification can name it. */
function readBody(text: string) {
  try {
    return parseEntryBody(parseEntry(text).body);
  } catch {
    return null;
  }
}
