// Tags of entries that no published map covers yet, in the order of their entries: in flat arrays, because a string kept of
// an entry keeps the whole of its text in memory, and there may be a quarter of a million of them.
import { HASH_BYTES } from './crypto.ts';
import type { Hash } from './merkle.ts';
import { doubled } from './tag-tree.ts';

const FIRST = 1024;
const PAIR_BYTES = 2 * HASH_BYTES;

export class WaitingTags {
  length = 0;
  /** Of each its tag and its leaf hash. */
  #pairs = new Uint8Array(PAIR_BYTES * FIRST);
  #indexes = new Float64Array(FIRST);
  #places = new Float64Array(FIRST);

  /** `tag` and `leaf` are of 32 bytes and are copied; places ascend. */
  add(index: number, place: number, tag: Uint8Array, leaf: Hash): void {
    const at = this.length++;
    if (this.length > this.#places.length) {
      this.#pairs = doubled(this.#pairs);
      this.#indexes = doubled(this.#indexes);
      this.#places = doubled(this.#places);
    }
    this.#pairs.set(tag, PAIR_BYTES * at);
    this.#pairs.set(leaf, PAIR_BYTES * at + HASH_BYTES);
    this.#indexes[at] = index;
    this.#places[at] = place;
  }

  indexOf(at: number): number {
    return this.#indexes[at] as number;
  }

  placeOf(at: number): number {
    return this.#places[at] as number;
  }

  /** Holds until the first ones are dropped. */
  tagOf(at: number): Uint8Array {
    return this.#pairs.subarray(PAIR_BYTES * at, PAIR_BYTES * at + HASH_BYTES);
  }

  leafOf(at: number): Hash {
    return this.#pairs.subarray(PAIR_BYTES * at + HASH_BYTES, PAIR_BYTES * (at + 1));
  }

  dropFirst(count: number): void {
    this.#pairs.copyWithin(0, PAIR_BYTES * count, PAIR_BYTES * this.length);
    this.#indexes.copyWithin(0, count, this.length);
    this.#places.copyWithin(0, count, this.length);
    this.length -= count;
  }
}
