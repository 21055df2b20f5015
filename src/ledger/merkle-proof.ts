// Inclusion and consistency proofs of RFC 9162, sections 2.1.3 and 2.1.4: making and checking them.
// A proof is of exact length: a hash too many or too few is a refusal, never ignored.
import { HASH_BYTES, type Sha256, sameBytes } from './crypto.ts';
import { emptyRoot, type Hash, isSize, nodeHash, rootOfLeaves, splitPoint } from './merkle.ts';

/** Leaves `start` to `end`, exclusive, whose root stands in a proof. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** PATH(index, D[size]) as ranges, leaf sibling first: whoever stores nodes looks them up, nobody reads the tree. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw new RangeError(`there is no leaf ${index} in a tree of ${size}`);
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** PROOF(from, D[to]) as ranges. */
export function consistencyRanges(from: number, to: number): LeafRange[] {
  if (!isSize(from) || !isSize(to) || from < 1 || from > to)
    throw new RangeError(`there is no proof from ${from} to ${to}`);
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = to;
  while (end !== from) {
    const middle = start + splitPoint(end - start);
    if (from <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // The whole old tree is known to whoever asks; only an inner part of it must be sent.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The perfect subtrees of a tree, largest first: what the frontier of that size is made of. */
export function frontierRanges(size: number): LeafRange[] {
  if (!isSize(size)) throw new RangeError('the size of a tree is a safe integer from 0');
  const ranges: LeafRange[] = [];
  for (let start = 0; start < size; ) {
    let width = 1;
    while (width * 2 <= size - start) width *= 2;
    ranges.push({ start, end: start + width });
    start += width;
  }
  return ranges;
}

const rangeRoot = (leaves: readonly Hash[], { start, end }: LeafRange, sha256: Sha256): Hash =>
  rootOfLeaves(leaves.slice(start, end), sha256);

export const inclusionProof = (leaves: readonly Hash[], index: number, sha256: Sha256): Hash[] =>
  inclusionRanges(index, leaves.length).map((range) => rangeRoot(leaves, range, sha256));

export const consistencyProof = (leaves: readonly Hash[], from: number, sha256: Sha256): Hash[] =>
  consistencyRanges(from, leaves.length).map((range) => rangeRoot(leaves, range, sha256));

const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);
const allHashes = (hashes: readonly Hash[]): boolean => hashes.every((hash) => hash.length === HASH_BYTES);

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Hash;
  readonly proof: readonly Hash[];
  readonly root: Hash;
}

/** RFC 9162, section 2.1.3.2. */
export function verifyInclusion(claim: InclusionClaim, sha256: Sha256): boolean {
  const { index, size, leaf, proof, root } = claim;
  if (!isSize(index) || !isSize(size) || index >= size || !allHashes([leaf, root, ...proof])) return false;
  let fn = index;
  let sn = size - 1;
  let node = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      node = nodeHash(sibling, node, sha256);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      node = nodeHash(node, sibling, sha256);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameBytes(node, root);
}

export interface ConsistencyClaim {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Hash;
  readonly root2: Hash;
  readonly proof: readonly Hash[];
}

/** RFC 9162, section 2.1.4.2. A tree of size 0 is refused: who lets a log begin decides that, not a proof. */
export function verifyConsistency(claim: ConsistencyClaim, sha256: Sha256): boolean {
  const { size1, size2, root1, root2, proof } = claim;
  if (!isSize(size1) || !isSize(size2) || size1 < 1 || size1 > size2) return false;
  if (!allHashes([root1, root2, ...proof])) return false;
  if (size1 === size2) return proof.length === 0 && sameBytes(root1, root2);
  if (proof.length === 0) return false;
  return foldConsistency(claim, sha256);
}

function foldConsistency({ size1, size2, root1, root2, proof }: ConsistencyClaim, sha256: Sha256): boolean {
  let fn = size1 - 1;
  let sn = size2 - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  // fn is 0 here exactly when size1 is a power of two: then the first hash is root1 itself and is not sent.
  const hashes = fn === 0 ? [root1, ...proof] : proof;
  let old = hashes[0] as Hash;
  let grown = old;
  for (const hash of hashes.slice(1)) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      old = nodeHash(hash, old, sha256);
      grown = nodeHash(hash, grown, sha256);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      grown = nodeHash(grown, hash, sha256);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameBytes(old, root1) && sameBytes(grown, root2);
}

/** What a witness is asked (C2SP tlog-witness): from size 0 there is nothing to prove, and the root must be the empty one. */
export function verifyGrowth(claim: ConsistencyClaim, sha256: Sha256): boolean {
  if (claim.size1 !== 0) return verifyConsistency(claim, sha256);
  return claim.proof.length === 0 && sameBytes(claim.root1, emptyRoot(sha256));
}
