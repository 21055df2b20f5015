// A witness (C2SP tlog-witness v1.0.0): cosigns a log's checkpoint only if it grows from the one cosigned before.
// Check and memory are one step for each log, and nothing is answered that is not on the disk: no two heads of one log
// that it ever signs can disagree.
import type { Clock } from '../lib/clock.ts';
import { nowSeconds } from '../lib/clock.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import { emptyRoot } from './merkle.ts';
import { verifyConsistency } from './merkle-proof.ts';
import { nodeCrypto, sha256 } from './node-crypto.ts';
import { formatNote, formatSignature, openNote, type SignatureLine, splitNote } from './note.ts';
import type { Cosigner } from './note-signer.ts';
import { NoteError, type VerifierKey } from './verifier-key.ts';
import { originHash, type WitnessFolder } from './witness-folder.ts';
import type { WitnessPolicy } from './witness-policy.ts';
import { type AddCheckpoint, parseAddCheckpoint, WitnessRequestError } from './witness-request.ts';

export type WitnessAnswer =
  /** One cosignature line. */
  | { readonly status: 200; readonly body: string }
  /** The size that this witness cosigned last, for whoever named another. */
  | { readonly status: 409; readonly size: number }
  | { readonly status: 400 | 403 | 404 | 422; readonly why: string };

export interface Witness {
  readonly key: VerifierKey;
  /** Errors: what the folder throws; then nothing was signed that anybody saw. */
  addCheckpoint(request: string): Promise<WitnessAnswer>;
  /** The newest cosigned checkpoint of the log with that hash of its origin, or null. */
  findCheckpoint(hash: string): Promise<string | null>;
}

export interface WitnessParts {
  readonly cosigner: Cosigner;
  /** Its `log` lines say which logs are witnessed, and under which keys. */
  readonly policy: WitnessPolicy;
  readonly folder: WitnessFolder;
  readonly clock: Clock;
  /** Told of a log that signed two heads that disagree: both notes, which together prove it. */
  readonly onConflict?: (origin: string, notes: readonly [string, string]) => void;
}

interface Submission extends AddCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly text: string;
  /** Of the log's own keys, verified; what anybody else put there is dropped. */
  readonly lines: readonly SignatureLine[];
}

export function openWitness(parts: WitnessParts): Witness {
  const logs = keysByOrigin(parts.policy);
  const hashes = new Set([...logs.keys()].map(originHash));
  const turns = new Map<string, Promise<unknown>>();
  /** One at a time for each log. */
  const inTurn = <Result>(origin: string, work: () => Promise<Result>): Promise<Result> => {
    const before = turns.get(origin) ?? Promise.resolve();
    const result = before.then(work, work);
    turns.set(origin, result);
    return result;
  };
  return {
    key: parts.cosigner.key,
    async addCheckpoint(request) {
      const submission = await openSubmission(request, logs);
      if ('status' in submission) return submission;
      return await inTurn(submission.checkpoint.origin, () => cosign(parts, submission));
    },
    findCheckpoint: async (hash) => (hashes.has(hash) ? await parts.folder.find(hash) : null),
  };
}

function keysByOrigin({ logs }: WitnessPolicy): Map<string, VerifierKey[]> {
  const byOrigin = new Map<string, VerifierKey[]>();
  for (const { key } of logs) byOrigin.set(key.name, [...(byOrigin.get(key.name) ?? []), key]);
  return byOrigin;
}

/** All that does not depend on what was cosigned before: form, origin, signature. */
async function openSubmission(
  request: string,
  logs: ReadonlyMap<string, readonly VerifierKey[]>,
): Promise<Submission | WitnessAnswer> {
  let parsed: AddCheckpoint;
  let checkpoint: Checkpoint;
  let split: ReturnType<typeof splitNote>;
  try {
    parsed = parseAddCheckpoint(request);
    split = splitNote(parsed.note);
    checkpoint = parseCheckpoint(split.text);
  } catch (error) {
    if (!(error instanceof WitnessRequestError || error instanceof NoteError)) throw error;
    return { status: 400, why: error.message };
  }
  const keys = logs.get(checkpoint.origin);
  if (keys === undefined) return { status: 404, why: 'this log is not witnessed here' };
  try {
    await openNote(parsed.note, keys, nodeCrypto);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { status: 403, why: error.message };
  }
  if (parsed.oldSize > checkpoint.size) return { status: 400, why: 'the old size is above the new one' };
  // Each of them was verified above: a known key that fails refuses the note.
  const lines = keys.flatMap(
    (key) => split.signatures.find(({ name, id }) => name === key.name && id === key.id) ?? [],
  );
  return { ...parsed, checkpoint, text: split.text, lines };
}

/** Runs in the log's turn. The file is read anew each time: memory that could differ from it would be a second truth. */
async function cosign(parts: WitnessParts, submission: Submission): Promise<WitnessAnswer> {
  const { cosigner, folder, clock } = parts;
  const { checkpoint, text, lines, oldSize } = submission;
  const name = originHash(checkpoint.origin);
  const keptNote = await folder.find(name);
  const kept = keptNote === null ? null : parseCheckpoint(splitNote(keptNote).text);
  if (kept !== null && kept.origin !== checkpoint.origin)
    throw new Error(`the witness's file ${name} is of ${kept.origin}, not of ${checkpoint.origin}`);
  if (oldSize !== (kept?.size ?? 0)) return { status: 409, size: kept?.size ?? 0 };
  const fault = whyNoGrowth(kept, submission);
  if (fault !== null) {
    if (kept?.size === checkpoint.size && !sameBytes(kept.root, checkpoint.root))
      parts.onConflict?.(checkpoint.origin, [keptNote as string, submission.note]);
    return { status: 422, why: fault };
  }
  const line = cosigner.cosign(text, nowSeconds(clock));
  await folder.keep(name, formatNote(text, [...lines, line]));
  return { status: 200, body: formatSignature(line) };
}

/** Null if the new tree holds the old one. From nothing there is no proof to give, and an empty tree has one root. */
function whyNoGrowth(kept: Checkpoint | null, { checkpoint, proof }: Submission): string | null {
  const { size, root } = checkpoint;
  if (size === 0 && !sameBytes(root, emptyRoot(sha256))) return 'a tree of no entries has another root';
  if (kept === null || kept.size === 0) return proof.length === 0 ? null : 'from size 0 there is no proof';
  if (size === kept.size && !sameBytes(root, kept.root)) return 'a tree of this size had another root before';
  const claim = { size1: kept.size, root1: kept.root, size2: size, root2: root, proof };
  return verifyConsistency(claim, sha256) ? null : 'the proof does not lead from the old tree to the new one';
}
