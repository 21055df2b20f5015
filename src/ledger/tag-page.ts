// Pages of the map of tags as they are stored: four levels of a span's tree each, sixteen places. New tags change the pages
// on their ways and no others. Pure; who stores pages is handed those that changed.
import type { Sha256 } from './crypto.ts';
import type { Hash } from './merkle.ts';
import { joinNodes, type MapNode, type TagPath, tagHash } from './tag-map.ts';

export interface TagPair {
  readonly tag: Uint8Array;
  /** Leaf hash of its entry. */
  readonly leaf: Hash;
}

/** At one of the sixteen places: nothing, a tag alone, or the page below with the hash of its subtree. */
type Slot = null | TagPair | { readonly below: Hash };
export type TagPage = Slot[];

const PLACES = 16;
export const emptyPage = (): TagPage => new Array(PLACES).fill(null);

/** Four bits of a tag: which place of the page at that depth it goes by. */
export function placeOf(tag: Uint8Array, depth: number): number {
  const byte = tag[depth >> 1] as number;
  return depth % 2 === 0 ? byte >> 4 : byte & 15;
}

/** Which page: its first four bits, the next … one hexadecimal digit each. */
export type Prefix = string;
export const prefixOf = (tag: Uint8Array, depth: number): Prefix =>
  Array.from({ length: depth }, (_, i) => placeOf(tag, i).toString(16)).join('');

/** The page below that place, or null where there is none. */
export function hasBelow(page: TagPage | undefined, place: number): boolean {
  const slot = page?.[place];
  return slot != null && 'below' in slot;
}

/**
 * Puts tags, at least one, into the pages and adds to `changed` what must be stored. All pages on the ways of `pairs` must be in `pages`.
 * A tag that is there already stays as it is. Returns the root of the subtree.
 */
export function addTags(
  pages: Map<Prefix, TagPage>,
  pairs: readonly TagPair[],
  changed: Set<Prefix>,
  sha256: Sha256,
  prefix: Prefix = '',
): MapNode | null {
  const page = pages.get(prefix) ?? emptyPage();
  pages.set(prefix, page);
  const depth = prefix.length;
  for (const [place, here] of byPlace(pairs, depth)) {
    const slot = page[place] ?? null;
    const isBelow = slot !== null && 'below' in slot;
    const apart = withoutRepeated(slot === null || isBelow ? here : [slot, ...here]);
    const next = prefix + place.toString(16);
    if (isBelow && !pages.has(next)) throw new Error('a page of the map of tags is missing');
    if (apart.length === 1 && !isBelow) page[place] = apart[0] as TagPair;
    else page[place] = { below: (addTags(pages, apart, changed, sha256, next) as MapNode).hash };
  }
  changed.add(prefix);
  return nodeOf(page, sha256);
}

function byPlace(pairs: readonly TagPair[], depth: number): Map<number, TagPair[]> {
  const places = new Map<number, TagPair[]>();
  for (const pair of pairs) {
    const place = placeOf(pair.tag, depth);
    const here = places.get(place);
    if (here === undefined) places.set(place, [pair]);
    else here.push(pair);
  }
  return places;
}

function withoutRepeated(pairs: readonly TagPair[]): TagPair[] {
  const seen = new Map<string, TagPair>();
  for (const pair of pairs) {
    const name = String.fromCharCode(...pair.tag);
    if (!seen.has(name)) seen.set(name, pair);
  }
  return [...seen.values()];
}

function nodeOfSlot(slot: Slot, sha256: Sha256): MapNode | null {
  if (slot === null) return null;
  if ('below' in slot) return { hash: slot.below, isOne: false };
  return { hash: tagHash(slot.tag, slot.leaf, sha256), isOne: true };
}

const halved = (nodes: readonly (MapNode | null)[], sha256: Sha256): (MapNode | null)[] =>
  Array.from({ length: nodes.length / 2 }, (_, i) =>
    joinNodes(nodes[2 * i] as MapNode | null, nodes[2 * i + 1] as MapNode | null, sha256),
  );

/** The four levels above the places of a page, lowest first: 16, 8, 4 and 2 nodes, and then its root. */
function levelsOf(page: TagPage, sha256: Sha256): (MapNode | null)[][] {
  const levels = [page.map((slot) => nodeOfSlot(slot, sha256))];
  while ((levels.at(-1) as unknown[]).length > 1) levels.push(halved(levels.at(-1) as MapNode[], sha256));
  return levels;
}

export const nodeOf = (page: TagPage, sha256: Sha256): MapNode | null =>
  levelsOf(page, sha256).at(-1)?.[0] ?? null;

/** The way to a tag, given the pages on it from the top down. */
export function pathInPages(pages: readonly TagPage[], tag: Uint8Array, sha256: Sha256): TagPath {
  const siblings: Hash[] = [];
  for (const [depth, page] of pages.entries()) {
    const levels = levelsOf(page, sha256);
    const place = placeOf(tag, depth);
    for (let level = 4; level > 0; level--) {
      const node = levels[level]?.[place >> level] ?? null;
      // Alone or empty: the way ends above the page's own places.
      if (node === null) return { siblings, found: null };
      if (node.isOne) return { siblings, found: onlyTag(page, place, level) };
      const beside = levels[level - 1]?.[(place >> (level - 1)) ^ 1] ?? null;
      siblings.push(beside?.hash ?? new Uint8Array(32));
    }
    const slot = page[place] ?? null;
    if (slot === null) return { siblings, found: null };
    if (!('below' in slot)) return { siblings, found: slot };
  }
  throw new Error('a page on the way to the tag is missing');
}

/** The one tag among the places under that node. */
function onlyTag(page: TagPage, place: number, level: number): TagPair {
  const first = (place >> level) << level;
  const tag = page.slice(first, first + 2 ** level).find((slot) => slot !== null);
  return tag as TagPair;
}

/** Place by place: 0; or 1, tag and leaf hash; or 2 and the hash of the page below. */
export function writePage(page: TagPage): Buffer {
  return Buffer.concat(
    page.flatMap((slot) => {
      if (slot === null) return [Buffer.of(0)];
      return 'below' in slot ? [Buffer.of(2), slot.below] : [Buffer.of(1), slot.tag, slot.leaf];
    }),
  );
}

/** Throws unless it is what `writePage` writes. */
export function readPage(bytes: Uint8Array): TagPage {
  const page: TagPage = [];
  let at = 0;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (page.length < PLACES) {
    const [kind] = take(1);
    if (kind === 0) page.push(null);
    else if (kind === 1) page.push({ tag: take(32), leaf: take(32) });
    else if (kind === 2) page.push({ below: take(32) });
    else break;
  }
  if (page.length !== PLACES || at !== bytes.length) throw new Error('a page of the map of tags is damaged');
  return page;
}
