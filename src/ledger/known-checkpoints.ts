// How long a log is known to have been: the checkpoints that it signed and that somebody kept, in the head guard, at a
// witness, in a file, in the database. What the database does not hold of the longest is lost.
import type { Store } from '../db/database.ts';
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import type { HeadGuard } from './head-guard.ts';
import { latestCheckpoint } from './ledger-store.ts';
import type { LogName } from './log-in-force.ts';
import { nodeCrypto } from './node-crypto.ts';
import { rootAt } from './proofs.ts';
import { NoteError, type VerifierKey } from './verifier-key.ts';
import { type ReachableWitness, readWitnessed } from './witness-client.ts';
import { newestWitnessed } from './witnessed-store.ts';

export interface KnownCheckpoint {
  readonly note: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Keys of the log that signed it. */
  readonly signedBy: ReadonlySet<string>;
  /** Who kept it, in words. */
  readonly from: string;
}

export interface KnownLog {
  /** What the database holds. */
  readonly kept: { readonly size: number; readonly root: Uint8Array };
  readonly longest: KnownCheckpoint;
  /** The longest that one of the witnesses cosigned. */
  readonly cosigned: KnownCheckpoint | null;
}

export interface KnownLogParts {
  readonly db: Store;
  readonly log: LogName;
  readonly logKeys: readonly VerifierKey[];
  readonly guard: Pick<HeadGuard, 'note'>;
  readonly witnesses: readonly ReachableWitness[];
  /** Notes that somebody kept, each with where it comes from. */
  readonly given: readonly { readonly note: string; readonly from: string }[];
}

const witnessTimeoutMs = 3000;

/**
 * Errors: the log is empty; a note that was given is not a checkpoint of this log; a checkpoint that this log signed is
 * of another history than the entries that are there, which no backup explains.
 */
export async function findKnownLog(parts: KnownLogParts): Promise<KnownLog> {
  const { db, log } = parts;
  const newest = await latestCheckpoint(db, log.logId);
  if (newest === null) throw new Error(`${log.origin} is empty: there is nothing to succeed`);
  const own = await open(parts, newest.note, 'the database');
  if (own === null) throw new Error('the newest checkpoint of the database is not signed by this log');
  const known = [own, ...(await keptByOthers(parts))];
  for (const one of known) await refuseOtherHistory(parts, own.size, one);
  const inOrder = known.toSorted((a, b) => b.size - a.size);
  const cosigned = inOrder.find((one) => one.isCosigned) ?? null;
  return { kept: own, longest: inOrder[0] as KnownCheckpoint, cosigned };
}

interface Opened extends KnownCheckpoint {
  readonly isCosigned: boolean;
}

async function keptByOthers(parts: KnownLogParts): Promise<Opened[]> {
  const { db, log, guard, witnesses, given } = parts;
  const guarded = await guard.note();
  const stored = await newestWitnessed(db, log.logId);
  const shown = await Promise.all(
    witnesses.map(async (witness) => ({
      note: await readWitnessed(witness, log.origin, witnessTimeoutMs),
      from: `witness ${witness.name}`,
    })),
  );
  const notes = [
    { note: guarded, from: 'the head guard' },
    { note: stored?.note ?? null, from: 'the database' },
    ...shown,
  ];
  const opened = await Promise.all(
    notes.map(({ note, from }) => (note === null ? null : open(parts, note, from))),
  );
  const fromFiles = await Promise.all(
    given.map(async ({ note, from }) => {
      const one = await open(parts, note, from);
      if (one === null) throw new Error(`${from} holds no checkpoint that ${log.origin} signed`);
      return one;
    }),
  );
  return [...opened.filter((one) => one !== null), ...fromFiles];
}

/** Null where this log did not sign it: whoever holds it says nothing about this log then. */
async function open(
  { log, logKeys, witnesses }: KnownLogParts,
  note: string,
  from: string,
): Promise<Opened | null> {
  try {
    const witnessKeys = witnesses.map(({ key }) => key);
    const opened = await openCheckpoint(note, { origin: log.origin, logKeys, witnessKeys }, nodeCrypto);
    const { size, root, signatures } = opened;
    const signedBy = new Set(signatures.map(({ key }) => key.text));
    return { note, from, size, root, signedBy, isCosigned: hasWitness(opened) };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return null;
  }
}

const hasWitness = ({ signatures }: OpenedCheckpoint): boolean =>
  signatures.some(({ timeSeconds }) => timeSeconds !== null);

async function refuseOtherHistory(
  { db, log }: KnownLogParts,
  keptSize: number,
  { size, root, from }: KnownCheckpoint,
): Promise<void> {
  if (size > keptSize || size === 0) return;
  if (sameBytes(await rootAt(db, log.logId, size), root)) return;
  throw new Error(
    `${from} has a checkpoint of ${size} entries that ${log.origin} signed, and the database holds others: this is no old backup, and nothing may go on from it`,
  );
}
