// One round of witnessing: one checkpoint to every witness at once, until enough have cosigned it.
// What a witness says of its own state is believed only as far as the next proof needs it.
import type { Hash } from './merkle.ts';
import type { SignatureLine } from './note.ts';
import type { VerifierKey } from './verifier-key.ts';
import { type ReachableWitness, submitCheckpoint } from './witness-client.ts';

export interface RoundParts {
  readonly witnesses: readonly ReachableWitness[];
  /** RFC 9162 section 2.1.4, from stored hashes. */
  consistencyProof(from: number, to: number): Promise<readonly Hash[]>;
  readonly timeoutMs: number;
}

export interface StableCheckpoint {
  readonly size: number;
  /** The log's own signed note. */
  readonly note: string;
}

export interface Cosigned {
  readonly key: VerifierKey;
  readonly line: SignatureLine;
}

export interface WitnessProblem {
  /** The witness's name in the policy. */
  readonly witness: string;
  readonly why: string;
  /** It says that it has cosigned more entries than this log has. */
  readonly isAhead: boolean;
}

/** By witness key: the size that it cosigned last, as far as we know. Kept from round to round. */
export type WitnessSizes = Map<string, number>;

/** A proof is needed for what another process of ours had cosigned meanwhile: more than a few times is no accident. */
const MAX_TRIES = 4;

/** `onCosigned` is told of each as it comes. Resolves when every witness has answered or run out of time. */
export async function runRound(
  parts: RoundParts,
  checkpoint: StableCheckpoint,
  sizes: WitnessSizes,
  onCosigned: (cosigned: Cosigned) => void,
): Promise<WitnessProblem[]> {
  const problems = await Promise.all(
    parts.witnesses.map(async (witness) => {
      const answer = await askWitness(parts, witness, checkpoint, sizes);
      if ('line' in answer) onCosigned(answer);
      return 'line' in answer ? [] : [answer];
    }),
  );
  return problems.flat();
}

async function askWitness(
  { consistencyProof, timeoutMs }: RoundParts,
  witness: ReachableWitness,
  { size, note }: StableCheckpoint,
  sizes: WitnessSizes,
): Promise<Cosigned | WitnessProblem> {
  const { key, name } = witness;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const oldSize = sizes.get(key.text) ?? 0;
    if (oldSize > size) {
      // Asked anew in the next round: what it says may have been mended by then.
      sizes.delete(key.text);
      return { witness: name, why: `has cosigned ${oldSize} entries; there are ${size}`, isAhead: true };
    }
    const proof = oldSize === 0 || oldSize === size ? [] : await consistencyProof(oldSize, size);
    const answer = await submitCheckpoint(witness, { oldSize, proof, note }, timeoutMs);
    if (answer.kind === 'failed') return { witness: name, why: answer.why, isAhead: false };
    if (answer.kind === 'cosigned') {
      sizes.set(key.text, size);
      return { key, line: answer.line };
    }
    sizes.set(key.text, answer.size);
  }
  return { witness: name, why: 'gives another size each time', isAhead: false };
}
