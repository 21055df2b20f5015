// Proofs from tiles: which stored hashes the ranges of a proof are made of, and the ranges made from them.
// Every range splits into full runs of leaves, and each run lies within one tile: a proof needs no leaf it does not name.
import type { Sha256 } from './crypto.ts';
import { type Hash, nodeHash, splitPoint } from './merkle.ts';
import type { LeafRange } from './merkle-proof.ts';
import { runRoot, TILE_WIDTH } from './tile.ts';

/** Hashes `from` to `to`, exclusive, of a level: at most 128, of one tile, as many as a power of two. */
export interface HashRun {
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

/** Runs that the ranges are made of, in their order. */
export const runsOf = (ranges: readonly LeafRange[]): HashRun[] =>
  ranges.flatMap(({ start, end }) => split(start, end));

/** The root of each range, given the hashes of its runs, in the order of runsOf. */
export function rootsOfRanges(
  ranges: readonly LeafRange[],
  runs: readonly (readonly Hash[])[],
  sha256: Sha256,
): Hash[] {
  const roots = runs.map((hashes) => runRoot(hashes, sha256));
  let next = 0;
  return ranges.map(({ start, end }) => {
    const count = split(start, end).length;
    next += count;
    return foldRight(roots.slice(next - count, next), sha256);
  });
}

function split(start: number, end: number): HashRun[] {
  const width = end - start;
  const left = splitPoint(width);
  if (width === 1 || left * 2 === width) return [runOf(start, width)];
  return [runOf(start, left), ...split(start + left, end)];
}

/** RFC 6962 splits at the largest power of two, so that the runs of a range fold from the right. */
function foldRight(roots: readonly Hash[], sha256: Sha256): Hash {
  return roots.reduceRight((right, left) => nodeHash(left, right, sha256));
}

function runOf(start: number, width: number): HashRun {
  let level = 0;
  let leaves = 1;
  while (leaves * TILE_WIDTH <= width) {
    leaves *= TILE_WIDTH;
    level += 1;
  }
  if (start % width !== 0)
    throw new RangeError(`leaves ${start} to ${start + width} are not a run of the tree`);
  return { level, from: start / leaves, to: (start + width) / leaves };
}
