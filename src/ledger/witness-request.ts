// The request of C2SP tlog-witness, `add-checkpoint`: the size that the log believes the witness knows, a consistency
// proof, and a signed checkpoint. Taken only as the protocol writes it; what it says is judged elsewhere.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { HASH_BYTES } from './crypto.ts';
import { type Hash, isSize } from './merkle.ts';

/** A tree of 2^63 entries needs no more. */
export const MAX_PROOF_LINES = 63;

export interface AddCheckpoint {
  readonly oldSize: number;
  readonly proof: readonly Hash[];
  /** The signed note, nothing of it verified. */
  readonly note: string;
}

export class WitnessRequestError extends Error {
  override readonly name = 'WitnessRequestError';
}

export const formatAddCheckpoint = ({ oldSize, proof, note }: AddCheckpoint): string =>
  `old ${oldSize}\n${proof.map((hash) => `${encodeBase64(hash)}\n`).join('')}\n${note}`;

/** Throws WitnessRequestError. */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  const end = text.indexOf('\n\n');
  if (end < 0) throw new WitnessRequestError('no empty line stands between proof and checkpoint');
  const [first = '', ...hashes] = text.slice(0, end).split('\n');
  if (hashes.length > MAX_PROOF_LINES)
    throw new WitnessRequestError(`a proof has at most ${MAX_PROOF_LINES} hashes`);
  const digits = /^old (0|[1-9][0-9]{0,15})$/.exec(first)?.[1];
  if (digits === undefined || !isSize(Number(digits)))
    throw new WitnessRequestError('the first line is "old" and a size');
  return { oldSize: Number(digits), proof: hashes.map(parseHash), note: text.slice(end + 2) };
}

function parseHash(line: string): Hash {
  const hash = decodeBase64(line);
  if (hash?.length !== HASH_BYTES) throw new WitnessRequestError('a line of a proof is base64 of 32 bytes');
  return hash;
}
