// The map of tags by its definition and nothing else: what the quick ways are held against. And tags to draw, of which
// many have a long beginning in common.
import fc from 'fast-check';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { bitOf, branchHash, EMPTY_NODE, mapRoot, type TagPath, tagHash } from '../../src/ledger/tag-map.ts';

export interface Pair {
  readonly tag: Uint8Array;
  readonly leaf: Uint8Array;
}

const parted = (pairs: readonly Pair[], depth: number) =>
  [0, 1].map((bit) => pairs.filter(({ tag }) => bitOf(tag, depth) === bit)) as [Pair[], Pair[]];

export function modelRoot(pairs: readonly Pair[], depth = 0): Uint8Array {
  const [first] = pairs;
  if (first === undefined) return EMPTY_NODE;
  if (pairs.length === 1) return tagHash(first.tag, first.leaf, sha256);
  const [left, right] = parted(pairs, depth);
  return branchHash(modelRoot(left, depth + 1), modelRoot(right, depth + 1), sha256);
}

export function modelPath(pairs: readonly Pair[], tag: Uint8Array, depth = 0): TagPath {
  if (pairs.length <= 1) return { siblings: [], found: pairs[0] ?? null };
  const sides = parted(pairs, depth);
  const bit = bitOf(tag, depth);
  const below = modelPath(sides[bit], tag, depth + 1);
  const beside = modelRoot(sides[1 - bit] as Pair[], depth + 1);
  return { ...below, siblings: [beside, ...below.siblings] };
}

/** Of a log whose entry at `index` has that tag. */
export function modelMap(
  entries: readonly (Pair & { index: number })[],
  size: number,
  span: number,
): Uint8Array {
  const spans = Array.from({ length: Math.ceil(size / span) }, (_, number) =>
    modelRoot(entries.filter(({ index }) => index < size && Math.floor(index / span) === number)),
  );
  return mapRoot(spans, sha256);
}

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Flipped at one bit only, such tags part as late as they can. */
const alike = fc
  .tuple(fc.constantFrom(0, 0xa5, 0xff), fc.nat({ max: 255 }), fc.boolean())
  .map(([byte, at, flips]) => {
    const tag = new Uint8Array(32).fill(byte);
    if (flips) tag[at >> 3] = (tag[at >> 3] as number) ^ (128 >> (at & 7));
    return tag;
  });
export const anyTag = fc.oneof(hash, alike, alike);
const isSame = (a: Pair, b: Pair) => Buffer.compare(a.tag, b.tag) === 0;
/** No two with the same tag. */
export const anyPairs = (maxLength = 40) =>
  fc.uniqueArray(fc.record({ tag: anyTag, leaf: hash }), { maxLength, comparator: isSame });
