// Proof against ourselves: a checkpoint that a witness shows, that this log's key signed, and that the database does not
// hold. Only such a proof may shut the gate: a witness that merely says so could stop any log that it dislikes.
import type { Store } from '../db/database.ts';
import { openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import { latestCheckpoint } from './ledger-store.ts';
import { nodeCrypto } from './node-crypto.ts';
import { splitNote } from './note.ts';
import { NoteError, type VerifierKey } from './verifier-key.ts';
import { type ReachableWitness, readWitnessed } from './witness-client.ts';
import { checkpointAt } from './witnessed-store.ts';

export interface ContradictionParts {
  readonly db: Store;
  readonly logId: number;
  readonly origin: string;
  logKeys(): readonly VerifierKey[];
  readonly witnesses: readonly ReachableWitness[];
  readonly timeoutMs: number;
}

/** One line about the first witness whose checkpoint this log signed and does not hold, or null. Errors: the database's. */
export async function findContradiction(parts: ContradictionParts): Promise<string | null> {
  const notes = await Promise.all(
    parts.witnesses.map(async (witness) => ({
      witness,
      note: await readWitnessed(witness, parts.origin, parts.timeoutMs),
    })),
  );
  for (const { witness, note } of notes) {
    const found = note === null ? null : await contradictionIn(parts, witness.name, note);
    if (found !== null) return found;
  }
  return null;
}

async function contradictionIn(
  { db, logId, origin, logKeys }: ContradictionParts,
  witness: string,
  note: string,
): Promise<string | null> {
  const shown = await openOwn(note, { origin, logKeys: logKeys() });
  if (shown === null) return null;
  // Read after the witness was asked: what it has cosigned had been committed here before.
  const newest = await latestCheckpoint(db, logId);
  const size = newest?.size ?? 0;
  if (shown.size > size)
    return `this log has been set back: witness ${witness} holds a checkpoint of ${shown.size} entries that it signed, and there are ${size}`;
  const own = shown.size === 0 ? null : await checkpointAt(db, logId, shown.size);
  if (shown.size === 0 || (own !== null && sameBytes(parseCheckpoint(splitNote(own).text).root, shown.root)))
    return null;
  return `this log is not the one that was witnessed: witness ${witness} holds another checkpoint of ${shown.size} entries that it signed`;
}

async function openOwn(note: string, trust: { origin: string; logKeys: readonly VerifierKey[] }) {
  try {
    return await openCheckpoint(note, trust, nodeCrypto);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return null;
  }
}
