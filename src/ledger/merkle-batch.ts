// One batch appended to a tree: new frontier, root, and the inclusion proof of each new leaf.
// Everything comes from the frontier before and the new leaves: the cost must not grow with the log.
import type { Sha256 } from './crypto.ts';
import {
  checkFrontier,
  type Frontier,
  frontierRoot,
  type Hash,
  nodeHash,
  pushLeaf,
  splitPoint,
} from './merkle.ts';
import { inclusionRanges } from './merkle-proof.ts';

export interface AppendedBatch {
  readonly frontier: Frontier;
  readonly root: Hash;
  /** Inclusion proof in the tree after the batch, leaf sibling first, for a leaf of the batch. Made when asked for. */
  proof(index: number): Hash[];
}

export function batchProof(before: Frontier, leaves: readonly Hash[], sha256: Sha256): AppendedBatch {
  checkFrontier(before);
  const hashes = [...before.hashes];
  leaves.forEach((leaf, i) => {
    pushLeaf(hashes, before.size + i, leaf, sha256);
  });
  const frontier = { size: before.size + leaves.length, hashes };
  const rangeHash = rangeHasher(before, leaves, sha256);
  return {
    frontier,
    root: frontierRoot(frontier, sha256),
    proof: (index) => {
      if (index < before.size) throw new RangeError(`leaf ${index} is not of this batch`);
      return inclusionRanges(index, frontier.size).map(({ start, end }) => rangeHash(start, end));
    },
  };
}

/**
 * Hash of any range that stands in a proof of a new leaf. Such a range that lies wholly in the old tree is one of its
 * frontier nodes: were it part of a larger one, its parent, which holds the new leaf, would be old as well.
 */
function rangeHasher(before: Frontier, leaves: readonly Hash[], sha256: Sha256) {
  const known = new Map<string, Hash>();
  let start = 0;
  for (const hash of before.hashes) {
    const width = largestPower(before.size - start);
    known.set(`${start}:${start + width}`, hash);
    start += width;
  }
  const rangeHash = (from: number, to: number): Hash => {
    if (to - from === 1 && from >= before.size) return leaves[from - before.size] as Hash;
    const key = `${from}:${to}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (to <= before.size) throw new RangeError(`the frontier does not hold ${key}`);
    const middle = from + splitPoint(to - from);
    const hash = nodeHash(rangeHash(from, middle), rangeHash(middle, to), sha256);
    known.set(key, hash);
    return hash;
  };
  return rangeHash;
}

/** Largest power of two that is not above `value`. */
function largestPower(value: number): number {
  let power = 1;
  while (power * 2 <= value) power *= 2;
  return power;
}
