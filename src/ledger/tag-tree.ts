// The tree of one span of the map of tags, in memory: for whoever walks a whole log and compares roots on the way.
// In flat arrays, a hundred bytes a tag; only what changed since the last root is hashed again.
import { HASH_BYTES, type Sha256, sameBytes } from './crypto.ts';
import type { Hash } from './merkle.ts';
import { bitOf, branchHash, EMPTY_NODE, tagHash } from './tag-map.ts';

/** Of a child: 0 for none, a branch counted from 1, or a tag counted down from -1. */
type Child = number;

export class TagTree {
  readonly #sha256: Sha256;
  #root: Child = 0;
  #branches = 0;
  #tags = 0;
  /** Two children a branch. */
  #children = new Int32Array(2 * FIRST);
  /** A branch's hash, where it is not stale. */
  #hashes = new Uint8Array(HASH_BYTES * FIRST);
  #isStale = new Uint8Array(FIRST);
  /** A tag, and the hash of it with its leaf. */
  #pairs = new Uint8Array(2 * HASH_BYTES * FIRST);

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** False if the tag is there already: then nothing changes. Both are of 32 bytes. */
  insert(tag: Uint8Array, leaf: Hash): boolean {
    let at = -1;
    let child = this.#root;
    let depth = 0;
    while (child > 0) {
      at = 2 * (child - 1) + bitOf(tag, depth);
      // Before it is known that the tag is new: a branch hashed again for nothing has the same hash.
      this.#isStale[child - 1] = 1;
      child = this.#children[at] as number;
      depth++;
    }
    if (child < 0 && sameBytes(this.#tagOf(child), tag)) return false;
    const added = this.#addTag(tag, leaf);
    this.#put(at, child === 0 ? added : this.#branchOff(child, added, depth));
    return true;
  }

  root(): Hash {
    return this.#hashOf(this.#root);
  }

  /** A branch, and below it as many more as it takes until the two tags part. */
  #branchOff(old: Child, added: Child, depth: number): Child {
    const [oldTag, tag] = [this.#tagOf(old), this.#tagOf(added)];
    const top = this.#addBranch();
    let branch = top;
    for (let d = depth; bitOf(oldTag, d) === bitOf(tag, d); d++) {
      const below = this.#addBranch();
      this.#children[2 * branch + bitOf(tag, d)] = below + 1;
      branch = below;
      depth = d + 1;
    }
    this.#children[2 * branch + bitOf(oldTag, depth)] = old;
    this.#children[2 * branch + bitOf(tag, depth)] = added;
    return top + 1;
  }

  #hashOf(child: Child): Hash {
    if (child === 0) return EMPTY_NODE;
    if (child < 0) return this.#pairs.subarray(pairAt(child) + HASH_BYTES, pairAt(child) + 2 * HASH_BYTES);
    const branch = child - 1;
    const at = branch * HASH_BYTES;
    if (this.#isStale[branch] === 1) {
      const [left, right] = [this.#children[2 * branch], this.#children[2 * branch + 1]] as [number, number];
      this.#hashes.set(branchHash(this.#hashOf(left), this.#hashOf(right), this.#sha256), at);
      this.#isStale[branch] = 0;
    }
    return this.#hashes.subarray(at, at + HASH_BYTES);
  }

  #tagOf(child: Child): Uint8Array {
    return this.#pairs.subarray(pairAt(child), pairAt(child) + HASH_BYTES);
  }

  #addTag(tag: Uint8Array, leaf: Hash): Child {
    const child = -++this.#tags;
    const bytes = this.#tags * 2 * HASH_BYTES;
    if (bytes > this.#pairs.length) this.#pairs = doubled(this.#pairs);
    this.#pairs.set(tag, pairAt(child));
    this.#pairs.set(tagHash(tag, leaf, this.#sha256), pairAt(child) + HASH_BYTES);
    return child;
  }

  #addBranch(): number {
    const branch = this.#branches++;
    if (this.#branches > this.#isStale.length) {
      this.#children = doubled(this.#children);
      this.#hashes = doubled(this.#hashes);
      this.#isStale = doubled(this.#isStale);
    }
    this.#isStale[branch] = 1;
    return branch;
  }

  #put(at: number, child: Child): void {
    if (at < 0) this.#root = child;
    else this.#children[at] = child;
  }
}

const FIRST = 1024;
const pairAt = (child: Child): number => 2 * HASH_BYTES * (-child - 1);

/** An array of twice the length with the same beginning. */
export function doubled<Numbers extends Uint8Array | Int32Array | Float64Array>(array: Numbers): Numbers {
  const larger = new (array.constructor as new (length: number) => Numbers)(2 * array.length);
  larger.set(array);
  return larger;
}
