// The map of tags (docs/tag-map.md): a Merkle tree over the tags of entries in which it shows that a tag is not there.
// One set of tags has one tree and one root, in whatever order they came; everything here is that definition.
import { HASH_BYTES, type Sha256, sameBytes } from './crypto.ts';
import type { Hash } from './merkle.ts';

/** How many entries one tree covers: a verifier keeps the tags of one span in memory, however long the log is. */
export const MAP_SPAN = 1_048_576;

/** What stands where no tag does. Nothing hashes to it. */
export const EMPTY_NODE: Hash = new Uint8Array(HASH_BYTES);

const tagged = (prefix: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(1 + HASH_BYTES * parts.length);
  bytes[0] = prefix;
  parts.forEach((part, i) => {
    bytes.set(part, 1 + HASH_BYTES * i);
  });
  return bytes;
};

/** Filled anew for each hash of two parts, for a log has millions of them. */
const pair = new Uint8Array(1 + 2 * HASH_BYTES);
function pairHash(prefix: number, first: Uint8Array, second: Uint8Array, sha256: Sha256): Hash {
  pair[0] = prefix;
  pair.set(first, 1);
  pair.set(second, 1 + HASH_BYTES);
  return sha256(pair);
}

/** A tag alone below its place: it stands as high up as it is alone. */
export const tagHash = (tag: Uint8Array, leaf: Hash, sha256: Sha256): Hash => pairHash(2, tag, leaf, sha256);

export const branchHash = (left: Hash, right: Hash, sha256: Sha256): Hash => pairHash(3, left, right, sha256);

/** Of the whole map: the roots of its spans, first to last. */
export const mapRoot = (spans: readonly Hash[], sha256: Sha256): Hash => sha256(tagged(4, ...spans));

/** How many spans `size` entries make: each full one, and what is begun. */
export const spanCount = (size: number, span = MAP_SPAN): number => Math.ceil(size / span);

/** Bit `depth` of a tag, from the most significant of its first byte. */
export const bitOf = (tag: Uint8Array, depth: number): 0 | 1 =>
  (((tag[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1;

/** A subtree seen from above. `isOne`: it holds a single tag, so that its hash does not depend on how deep it stands. */
export interface MapNode {
  readonly hash: Hash;
  readonly isOne: boolean;
}

/** Null is a subtree without a tag. */
export function joinNodes(left: MapNode | null, right: MapNode | null, sha256: Sha256): MapNode | null {
  if (left === null && (right === null || right.isOne)) return right;
  if (right === null && left?.isOne) return left;
  const hash = branchHash(left?.hash ?? EMPTY_NODE, right?.hash ?? EMPTY_NODE, sha256);
  return { hash, isOne: false };
}

/** The way from a span's root down to where a tag would stand. */
export interface TagPath {
  /** What stands beside the way, from the root down. */
  readonly siblings: readonly Hash[];
  /** The tag that stands there, with the leaf hash of its entry; null where none does. */
  readonly found: { readonly tag: Uint8Array; readonly leaf: Hash } | null;
}

/** Root of the tree in which `path` is the way to `tag`; null if it is no way to that tag. */
export function rootOfPath(tag: Uint8Array, { siblings, found }: TagPath, sha256: Sha256): Hash | null {
  if (tag.length !== HASH_BYTES || siblings.length > 8 * HASH_BYTES) return null;
  if (siblings.some((sibling) => sibling.length !== HASH_BYTES)) return null;
  if (found !== null && !isOnWay(tag, found, siblings.length)) return null;
  let node = found === null ? EMPTY_NODE : tagHash(found.tag, found.leaf, sha256);
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] as Hash;
    node = bitOf(tag, depth) === 0 ? branchHash(node, sibling, sha256) : branchHash(sibling, node, sha256);
  }
  return node;
}

function isOnWay(tag: Uint8Array, found: NonNullable<TagPath['found']>, depth: number): boolean {
  if (found.tag.length !== HASH_BYTES || found.leaf.length !== HASH_BYTES) return false;
  for (let i = 0; i < depth; i++) if (bitOf(tag, i) !== bitOf(found.tag, i)) return false;
  return true;
}

/** Whether `path` shows that `tag` is not in the tree with that root. */
export function isAbsent(tag: Uint8Array, path: TagPath, root: Hash, sha256: Sha256): boolean {
  if (path.found !== null && sameBytes(path.found.tag, tag)) return false;
  const found = rootOfPath(tag, path, sha256);
  return found !== null && sameBytes(found, root);
}
