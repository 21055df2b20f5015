// Rebuilds the map of tags beside the entries and compares each root that the log published: whoever was shown that a tag is
// not there was shown it under one of these. Whose a tag is, nobody learns.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import type { Sha256 } from './crypto.ts';
import type { Hash } from './merkle.ts';
import { MAP_SPAN, mapRoot } from './tag-map.ts';
import { TagTree } from './tag-tree.ts';
import type { Findings } from './verdict.ts';
import { EarlierEntries } from './verify-earlier.ts';
import { WaitingTags } from './waiting-tags.ts';

/** A map may lag behind its own entry by no more: what it does not cover yet is kept in memory. */
export const MAX_MAP_LAG = 131_072;

export interface MapCounts {
  /** Maps whose root holds. */
  readonly maps: number;
  /** Entries that the newest of them covers; null if there is none. */
  readonly covered: number | null;
}

export class MapCheck {
  readonly #sha256: Sha256;
  readonly #findings: Findings;
  readonly #span: number;
  /** A map is over a whole log: of a part none can be made anew. */
  readonly #earlier: EarlierEntries;
  /** Roots of the spans that are over. */
  readonly #spans: Hash[] = [];
  #tree: TagTree;
  readonly #waiting = new WaitingTags();
  #entries = 0;
  /** Entries that some map has covered; a later one covers no fewer. */
  #least = 0;
  #maps = 0;
  #covered: number | null = null;

  constructor(sha256: Sha256, findings: Findings, span = MAP_SPAN, earlier = new EarlierEntries()) {
    this.#earlier = earlier;
    this.#sha256 = sha256;
    this.#findings = findings;
    this.#span = span;
    this.#tree = new TagTree(sha256);
  }

  /** Every entry, in order; `tag` is null where it is of no household, or cannot be read. */
  take(index: number, tag: string | null, leaf: Hash): void {
    if (this.#earlier.length > 0) return;
    // Where some entries were cut out, an index says more than how many came before.
    const place = this.#entries++;
    if (tag !== null) this.#waiting.add(index, place, decodeBase64(tag) as Uint8Array, leaf);
    if (this.#waiting.length > 2 * MAX_MAP_LAG) this.#cover(place - MAX_MAP_LAG);
  }

  /** `map.published` at `index`, the entry taken last. */
  publish(index: number, size: number, root: string): void {
    if (this.#earlier.mayHold(index)) return;
    const before = this.#entries - 1;
    if (size > before || size < this.#least || size < before - MAX_MAP_LAG) {
      this.#findings.add(index, 'map_size', `a map of ${size} entries cannot stand after ${before}`);
      return;
    }
    this.#cover(size);
    this.#least = size;
    const begun = size > this.#spans.length * this.#span ? [this.#tree.root()] : [];
    if (encodeBase64(mapRoot([...this.#spans, ...begun], this.#sha256)) !== root) {
      this.#findings.add(index, 'map_root', `the tags of the first ${size} entries have another root`);
      return;
    }
    this.#maps++;
    this.#covered = size;
  }

  close(): MapCounts {
    this.#cover(Number.POSITIVE_INFINITY);
    return { maps: this.#maps, covered: this.#covered };
  }

  /** Takes what stands before `size` into the map. */
  #cover(size: number): void {
    let next = 0;
    for (; next < this.#waiting.length; next++) {
      const place = this.#waiting.placeOf(next);
      if (place >= size) break;
      this.#endSpans(place);
      if (!this.#tree.insert(this.#waiting.tagOf(next), this.#waiting.leafOf(next)))
        this.#findings.add(this.#waiting.indexOf(next), 'tag_repeated', 'an earlier entry has the same tag');
    }
    this.#waiting.dropFirst(next);
    if (Number.isFinite(size)) this.#endSpans(size);
  }

  /** Whatever span ends at or before that place is over. */
  #endSpans(place: number): void {
    while ((this.#spans.length + 1) * this.#span <= place) {
      this.#spans.push(this.#tree.root().slice());
      this.#tree = new TagTree(this.#sha256);
    }
  }
}
