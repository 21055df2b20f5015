// The Merkle tree of RFC 6962 / 9162, section 2.1: hashes, and the frontier that gives a root without reading leaves.
// Sizes and positions are numbers beyond 2^31, so no bit operator may touch them.
import { HASH_BYTES, type Sha256 } from './crypto.ts';

export type Hash = Uint8Array;

export function leafHash(entry: Uint8Array, sha256: Sha256): Hash {
  const bytes = new Uint8Array(1 + entry.length);
  bytes.set(entry, 1);
  return sha256(bytes);
}

/** Filled anew for each node: to make one costs half of what its hash does, and a hash keeps nothing of it. */
const node = new Uint8Array(1 + 2 * HASH_BYTES);
node[0] = 1;

export function nodeHash(left: Hash, right: Hash, sha256: Sha256): Hash {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

export const emptyRoot = (sha256: Sha256): Hash => sha256(new Uint8Array(0));

export const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Largest power of two below `size`: where RFC 6962 splits a tree of more than one leaf. */
export function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** MTH of the leaf hashes. For tests and short ranges; a log keeps a frontier. */
export function rootOfLeaves(leaves: readonly Hash[], sha256: Sha256): Hash {
  const hashes: Hash[] = [];
  leaves.forEach((leaf, size) => {
    pushLeaf(hashes, size, leaf, sha256);
  });
  return frontierRoot({ hashes }, sha256);
}

/** Roots of the perfect subtrees of a tree, largest first: one for each 1 bit of its size. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Hash[];
}

export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** Whether the frontier of a tree of that size has so many hashes: one for each 1 bit. */
export function isFrontierLength(size: number, length: number): boolean {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits === length;
}

/** Throws RangeError unless the hashes are as many, and as long, as a tree of that size has. */
export function checkFrontier(frontier: Frontier): void {
  if (!isSize(frontier.size)) throw new RangeError('the size of a tree is a safe integer from 0');
  if (!isFrontierLength(frontier.size, frontier.hashes.length))
    throw new RangeError(
      `the frontier of a tree of ${frontier.size} does not have ${frontier.hashes.length} hashes`,
    );
  for (const hash of frontier.hashes)
    if (hash.length !== HASH_BYTES) throw new RangeError(`a frontier hash has ${HASH_BYTES} bytes`);
}

/** The frontier after one more leaf. */
export function appendLeaf(frontier: Frontier, leaf: Hash, sha256: Sha256): Frontier {
  const hashes = [...frontier.hashes];
  pushLeaf(hashes, frontier.size, leaf, sha256);
  return { size: frontier.size + 1, hashes };
}

/** The same in place, for whoever walks a whole log: `hashes` becomes the frontier of `size + 1`. */
export function pushLeaf(hashes: Hash[], size: number, leaf: Hash, sha256: Sha256): void {
  let node = leaf;
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = hashes.pop();
    if (left === undefined) throw new RangeError('the frontier does not belong to a tree of that size');
    node = nodeHash(left, node, sha256);
  }
  hashes.push(node);
}

export function frontierRoot(frontier: { readonly hashes: readonly Hash[] }, sha256: Sha256): Hash {
  const { hashes } = frontier;
  let root = hashes.at(-1);
  if (root === undefined) return emptyRoot(sha256);
  for (let i = hashes.length - 2; i >= 0; i--) root = nodeHash(hashes[i] as Hash, root, sha256);
  return root;
}
