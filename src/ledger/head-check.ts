// Whether the head of the log is the one that this log's key signed: what a damaged, shortened or exchanged database
// cannot pretend. Each check gives one line of what is wrong, or null.
import type { Store } from '../db/database.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { type OpenedCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import { EntryFormatError, genesisPrev, parseEntry } from './entry.ts';
import type { HeadGuard } from './head-guard.ts';
import { HeadGuardError } from './head-guard.ts';
import { type EdgeEntry, type HeadState, readEdge } from './head-store.ts';
import { frontierRoot } from './merkle.ts';
import { leafHashOf, nodeCrypto, sha256 } from './node-crypto.ts';
import { splitNote } from './note.ts';
import { FalseProof, proveInclusion, rootAt } from './proofs.ts';
import { NoteError, type VerifierKey } from './verifier-key.ts';
import { checkpointAt } from './witnessed-store.ts';

export interface HeadTrust {
  readonly logId: number;
  readonly origin: string;
  logKeys(): readonly VerifierKey[];
}

/** Frontier, size and newest checkpoint agree, and our key signed it. */
export async function findHeadFault(trust: HeadTrust, head: HeadState): Promise<string | null> {
  if (head.size === 0)
    return head.note === null
      ? null
      : `the head is empty, and there is a checkpoint of ${head.checkpoint_size}`;
  if (head.note === null || head.checkpoint_size !== head.size)
    return `the head says ${head.size} entries and the newest checkpoint ${head.checkpoint_size ?? 0}`;
  const signed = await openOwn(head.note, trust);
  if (typeof signed === 'string') return `the newest checkpoint does not hold: ${signed}`;
  const root = frontierRoot({ hashes: head.frontier }, sha256);
  if (signed.size !== head.size || !sameBytes(signed.root, root))
    return `the head of ${head.size} entries is not the one that was signed`;
  return null;
}

async function openOwn(note: string, { origin, logKeys }: HeadTrust): Promise<OpenedCheckpoint | string> {
  try {
    return await openCheckpoint(note, { origin, logKeys: logKeys() }, nodeCrypto);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return error.message;
  }
}

/** A bundle of entries, as tiles count them. */
const bundle = 256;

/** The last bundle of entries hashes and links up to the head, and the stored hashes of the right edge give its root. */
export async function findEdgeFault(db: Store, trust: HeadTrust, head: HeadState): Promise<string | null> {
  if (head.size === 0) return null;
  const { logId } = trust;
  const first = Math.max(0, Math.floor((head.size - 1) / bundle) * bundle - 1);
  const entries = await readEdge(db, logId, first, head.size);
  if (entries.length !== head.size - first)
    return `of the last ${head.size - first} entries ${entries.length} are there`;
  const broken = brokenLink(entries, first === 0 ? genesisPrev(trust.origin, sha256) : null);
  if (broken !== null) return broken;
  if (!(entries.at(-1) as EdgeEntry).leaf.equals(head.tip))
    return `entry ${head.size - 1} is not the one at the head`;
  try {
    await proveInclusion(db, logId, head.size - 1, head.size);
    return null;
  } catch (error) {
    if (!(error instanceof FalseProof)) throw error;
    return error.message;
  }
}

function brokenLink(entries: readonly EdgeEntry[], genesis: string | null): string | null {
  let prev = genesis;
  for (const { idx, leaf, entry } of entries) {
    const text = entry.toString('utf8');
    try {
      const parsed = parseEntry(text);
      if (!leafHashOf(text).equals(leaf)) return `entry ${idx} has another hash than was stored with it`;
      if (parsed.index !== idx || (prev !== null && parsed.prev !== prev))
        return `entry ${idx} does not link`;
    } catch (error) {
      if (!(error instanceof EntryFormatError)) throw error;
      return `entry ${idx} cannot be read: ${error.message}`;
    }
    prev = encodeBase64(leaf);
  }
  return null;
}

/** The log holds what the head guard holds. Errors: the file cannot be read. */
export async function findRollback(
  db: Store,
  { logId }: HeadTrust,
  head: HeadState,
  guard: HeadGuard,
): Promise<string | null> {
  const kept = await readGuard(guard);
  if (kept === null || typeof kept === 'string') return kept;
  if (kept.size > head.size)
    return `this log has been set back: the head guard ${guard.file} holds a checkpoint of ${kept.size} entries that it signed, and there are ${head.size}`;
  const note = kept.size === 0 ? null : await checkpointAt(db, logId, kept.size);
  const root =
    note === null ? await rootAt(db, logId, kept.size) : parseCheckpoint(splitNote(note).text).root;
  if (sameBytes(root, kept.root)) return null;
  return `this log is not the one that was kept: the head guard ${guard.file} holds another checkpoint of ${kept.size} entries that it signed`;
}

async function readGuard(guard: HeadGuard): Promise<OpenedCheckpoint | string | null> {
  try {
    return await guard.find();
  } catch (error) {
    if (!(error instanceof HeadGuardError)) throw error;
    return error.message;
  }
}
