// Which part of a log an export is of: its first entry, and the one checkpoint that fixes all that follows. Made once; an
// export that was broken off goes on by the plan that its first line shows.
import type { Store } from '../db/database.ts';
import { parseEntry } from './entry.ts';
import { type EntryBody, parseEntryBody } from './entry-body.ts';
import type { ExportManifest } from './export-format.ts';
import { EXPORT_FORMAT } from './export-format.ts';
import {
  checkpointUpTo,
  firstWitnessedFrom,
  readLogKeys,
  readStoredEntries,
  type SizedNote,
} from './export-store.ts';
import { checkpointFrom, findLog, isClosed, latestCheckpoint } from './ledger-store.ts';
import type { Hash } from './merkle.ts';
import { frontierRanges } from './merkle-proof.ts';
import { sha256 } from './node-crypto.ts';
import { splitNote } from './note.ts';
import { rootsOfRanges, runsOf } from './tile-proof.ts';
import { readRuns } from './tile-store.ts';
import { parseVerifierKey } from './verifier-key.ts';
import { checkpointAt, newestWitnessed } from './witnessed-store.ts';

export interface ExportPlan {
  readonly logId: number;
  readonly origin: string;
  /** First entry. */
  readonly from: number;
  /** Of the tree at the last line: entries `from` to `size`, exclusive. */
  readonly size: number;
  /** The checkpoint of that size. */
  readonly note: string;
  /** Keys in force at the first entry, as the database says: hints, which whoever verifies compares with what he has. */
  readonly keys: readonly string[];
  /** Roots of the perfect subtrees of the entries before the first, largest first. */
  readonly frontier: readonly Hash[];
}

export interface ExportRange {
  readonly from?: number;
  /**
   * At least the entries before this one: up to the first checkpoint that covers them, a cosigned one where there is
   * one. `newest`: every entry. Absent: those that witnesses have seen, or every one in a log without witnesses.
   */
  readonly to?: number | 'newest';
  /** Exactly that size, of which there is a checkpoint; `to` counts for nothing then. */
  readonly size?: number;
}

/** There is no such part of this log; the message is for whoever asked. */
export class ExportRangeError extends Error {
  override readonly name = 'ExportRangeError';
}

/** Errors: ExportRangeError, StoredTreeFault. */
export async function planExport(
  db: Store,
  logId: number,
  { from = 0, to, size: exactly }: ExportRange = {},
): Promise<ExportPlan> {
  const log = await findLog(db, logId);
  const checkpoint =
    exactly === undefined
      ? await checkpointTo(db, logId, to, from)
      : await exactCheckpoint(db, logId, exactly);
  if (log === null || checkpoint === null)
    throw new ExportRangeError(
      typeof to === 'number' ? `the ledger has fewer than ${to} entries` : 'there is no ledger here yet',
    );
  const { size, note } = checkpoint;
  if (from > 0 && from >= size) throw new ExportRangeError(`the ledger has no entry ${from} that is signed`);
  return {
    ...{ logId, origin: log.origin, from, size, note },
    keys: await keysAt(db, logId, from),
    frontier: await frontierAt(db, logId, from),
  };
}

async function exactCheckpoint(db: Store, logId: number, size: number): Promise<SizedNote | null> {
  const found = await firstWitnessedFrom(db, logId, size);
  if (found?.size === size) return found;
  const note = await checkpointAt(db, logId, size);
  return note === null ? null : { size, note };
}

async function checkpointTo(
  db: Store,
  logId: number,
  to: ExportRange['to'],
  from: number,
): Promise<SizedNote | null> {
  if (to === undefined) {
    // What a log has last no witness may have seen, and none ever will: the next one stands on all of it.
    if (await isClosed(db, logId)) return await latestCheckpoint(db, logId);
    const newest = await newestWitnessed(db, logId);
    // Nothing of the range has been seen: what there is goes out, and verification says so.
    if (newest === null || newest.size <= from) return await latestCheckpoint(db, logId);
    return await firstWitnessedFrom(db, logId, newest.size);
  }
  if (to === 'newest') return await latestCheckpoint(db, logId);
  return (await firstWitnessedFrom(db, logId, to)) ?? (await checkpointFrom(db, logId, to));
}

/** The keys in force at an entry: those that signed the last checkpoint before it, and what its own batch changed since. */
async function keysAt(db: Store, logId: number, from: number): Promise<string[]> {
  const before = await checkpointUpTo(db, logId, from);
  const keys = new Set(before === null ? [] : await signersOf(db, logId, before.note));
  // No batch is longer than a few hundred entries.
  const since = await readStoredEntries(db, logId, before?.size ?? 0, Math.max(from, 1));
  for (const { entry } of since) {
    const body = readBody(entry.toString('utf8'));
    if (body?.kind === 'log.opened' || body?.kind === 'log.succeeded') keys.add(body.key);
    if (body?.kind === 'key.published' && body.use === 'ledger') keys.add(body.key);
    if (body?.kind === 'key.retired' && body.use === 'ledger') keys.delete(body.key);
  }
  return [...keys];
}

async function signersOf(db: Store, logId: number, note: string): Promise<string[]> {
  const signers = new Set(splitNote(note).signatures.map(({ name, id }) => `${name} ${id}`));
  const keys = (await readLogKeys(db, logId)).map((text) => parseVerifierKey(text, sha256));
  return keys.filter(({ name, id }) => signers.has(`${name} ${id}`)).map(({ text }) => text);
}

/** Null for an entry that was tampered with: the export still goes out, so that verification can name it. */
function readBody(text: string): EntryBody | null {
  try {
    return parseEntryBody(parseEntry(text).body);
  } catch {
    return null;
  }
}

async function frontierAt(db: Store, logId: number, size: number): Promise<Hash[]> {
  const ranges = frontierRanges(size);
  return rootsOfRanges(ranges, await readRuns(db, logId, runsOf(ranges)), sha256);
}

export const manifestOf = ({ origin, from, size }: ExportPlan): ExportManifest => ({
  type: 'manifest',
  format: EXPORT_FORMAT,
  origin,
  from,
  size,
});
