// Checkpoints (C2SP tlog-checkpoint v1.0.0): origin, size and root of a tree, as the text of a signed note.
// No extension lines, and no reading of one without the log's own signature and the expected origin.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { HASH_BYTES, type VerifyCrypto } from './crypto.ts';
import { type Hash, isSize } from './merkle.ts';
import { openNote } from './note.ts';
import { isKeyName, NoteError, type VerifiedSignature, type VerifierKey } from './verifier-key.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/** An origin serves as the name of the log's key, so it obeys the same rule. */
export const isOrigin = isKeyName;

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isOrigin(origin)) throw new NoteError('an origin holds no white space and no "+"');
  if (!isSize(size)) throw new NoteError('the size of a tree is a safe integer from 0');
  if (root.length !== HASH_BYTES) throw new NoteError(`a root has ${HASH_BYTES} bytes`);
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/** Throws NoteError on anything that `formatCheckpoint` would not write. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin, digits, encoded, end] = lines as [string, string, string, string];
  if (lines.length !== 4 || end !== '')
    throw new NoteError('a checkpoint has three lines: origin, size and root');
  if (!isOrigin(origin)) throw new NoteError('an origin holds no white space and no "+"');
  if (!/^(0|[1-9][0-9]{0,15})$/.test(digits) || !isSize(Number(digits)))
    throw new NoteError('the size of a checkpoint is a decimal number up to 2^53 - 1');
  const root = decodeBase64(encoded);
  if (root?.length !== HASH_BYTES) throw new NoteError('the root of a checkpoint is base64 of 32 bytes');
  return { origin, size: Number(digits), root };
}

export interface OpenedCheckpoint extends Checkpoint {
  readonly text: string;
  /** Of the log's key and of every other known key that signed; each has been verified. */
  readonly signatures: readonly VerifiedSignature[];
}

export interface CheckpointTrust {
  readonly origin: string;
  /** Keys of the log itself: one of them must have signed. A witness alone makes no checkpoint. */
  readonly logKeys: readonly VerifierKey[];
  readonly witnessKeys?: readonly VerifierKey[];
}

/** Throws NoteError. */
export async function openCheckpoint(
  note: string,
  trust: CheckpointTrust,
  crypto: VerifyCrypto,
): Promise<OpenedCheckpoint> {
  const { text, signatures } = await openNote(note, [...trust.logKeys, ...(trust.witnessKeys ?? [])], crypto);
  const isLogKey = ({ key }: VerifiedSignature) => trust.logKeys.some((logKey) => logKey.text === key.text);
  if (!signatures.some(isLogKey)) throw new NoteError('the log itself did not sign this checkpoint');
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== trust.origin)
    throw new NoteError(`the checkpoint is of ${checkpoint.origin}, not of ${trust.origin}`);
  return { ...checkpoint, text, signatures };
}
