// Proof files (C2SP tlog-proof v1): an inclusion proof and the checkpoint that it leads to, in one text that is checked
// offline. `extra` is not authenticated by it.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { HASH_BYTES } from './crypto.ts';
import { type Hash, isSize } from './merkle.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';
/** A path in a tree of 2^53 leaves, and then some: as in the witness protocol. */
const MAX_HASHES = 63;

export interface TlogProof {
  readonly index: number;
  /** Leaf sibling first. */
  readonly hashes: readonly Hash[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
  readonly extra?: Uint8Array;
}

export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${encodeBase64(extra)}`]),
    `index ${index}`,
    ...hashes.map(encodeBase64),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** Throws TlogProofError. The checkpoint comes back as it stands: opening it is openCheckpoint's work. */
export function parseTlogProof(text: string): TlogProof {
  const end = text.indexOf('\n\n');
  if (end < 0) throw new TlogProofError('no empty line divides the proof from the checkpoint');
  const lines = text.slice(0, end).split('\n');
  if (lines.shift() !== HEADER) throw new TlogProofError(`the first line is not ${HEADER}`);
  const extra = lines[0]?.startsWith('extra ') ? parseExtra(lines.shift() as string) : undefined;
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '')?.[1];
  if (index === undefined || !isSize(Number(index))) throw new TlogProofError('the index is not a number');
  if (lines.length > MAX_HASHES) throw new TlogProofError(`a proof has at most ${MAX_HASHES} hashes`);
  const proof = { index: Number(index), hashes: lines.map(parseHash), checkpoint: text.slice(end + 2) };
  return extra === undefined ? proof : { ...proof, extra };
}

export class TlogProofError extends Error {
  override readonly name = 'TlogProofError';
}

function parseExtra(line: string): Uint8Array {
  const extra = decodeBase64(line.slice('extra '.length));
  if (extra === null) throw new TlogProofError('extra is not base64');
  return extra;
}

function parseHash(line: string): Hash {
  // Looked at first, so that no line of megabytes is decoded.
  const hash = line.length === 44 ? decodeBase64(line) : null;
  if (hash?.length !== HASH_BYTES) throw new TlogProofError('a hash is base64 of 32 bytes');
  return hash;
}
