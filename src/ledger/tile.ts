// Tiles (C2SP tlog-tiles v0.1.0): the hashes of the tree in files of 256, the entries in bundles of 256.
// A path has one spelling: what formatTilePath would not write is not a tile.
import { HASH_BYTES, type Sha256 } from './crypto.ts';
import { type Hash, isSize, nodeHash } from './merkle.ts';

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256;
/** Levels that a tree can reach whose size is a safe integer. */
export const TILE_LEVELS = 7;

/** Hash i of tile n at level l is the root of the leaves from (n * 256 + i) * 256^l on, 256^l of them. */
export interface Tile {
  /** `entries`: a bundle. It lies where the tile of level 0 lies. */
  readonly level: number | 'entries';
  readonly number: number;
  /** 1 to 256; less is a partial tile. */
  readonly width: number;
}

/** `tile/0/x001/x234/067.p/44`, relative to the log's address. */
export function formatTilePath({ level, number, width }: Tile): string {
  const groups = [String(number % 1000).padStart(3, '0')];
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  return `tile/${level}/${groups.join('/')}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const tilePath = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/** Null for anything that is not the one spelling of a tile's path. */
export function parseTilePath(path: string): Tile | null {
  const parts = tilePath.exec(path);
  if (parts === null) return null;
  const [, level, groups, width] = parts as unknown as [string, string, string, string | undefined];
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    number: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  const exists = tile.width >= 1 && isSize(tile.number) && (tile.level === 'entries' || tile.level < 64);
  return exists && formatTilePath(tile) === path ? tile : null;
}

/** How many hashes a level holds in a tree of that size: none stands for a run of leaves that is not full. */
export const levelLength = (size: number, level: number): number => Math.floor(size / TILE_WIDTH ** level);

/** Hashes of the partial tile at the right edge of a level; 0: there is none. */
export const partialWidth = (size: number, level: number): number => levelLength(size, level) % TILE_WIDTH;

/** Whether a tree of that size holds all hashes of the tile, or all entries of the bundle. */
export function hasTile(size: number, { level, number, width }: Tile): boolean {
  const length = levelLength(size, level === 'entries' ? 0 : level);
  return number * TILE_WIDTH + width <= length;
}

/** Every tile of hashes in a tree of `size`, lowest level first; those that were full at `since` left out. */
export function* tilesOf(size: number, since = 0): Generator<Tile & { readonly level: number }> {
  for (let level = 0; levelLength(size, level) > 0; level++)
    for (const tile of tilesOfLevel(level, levelLength(size, level), levelLength(since, level))) yield tile;
}

/** Every bundle of entries, likewise. */
export const bundlesOf = (size: number, since = 0): Generator<Tile & { readonly level: 'entries' }> =>
  tilesOfLevel('entries', size, since);

function* tilesOfLevel<Level extends Tile['level']>(level: Level, length: number, since: number) {
  for (let number = Math.floor(since / TILE_WIDTH); number * TILE_WIDTH < length; number++)
    yield { level, number, width: Math.min(TILE_WIDTH, length - number * TILE_WIDTH) };
}

/** Root of a run of hashes whose number is a power of two: of a full tile, the hash one level up. */
export function runRoot(hashes: readonly Hash[], sha256: Sha256): Hash {
  let row = hashes;
  while (row.length > 1) {
    if (row.length % 2 === 1) throw new RangeError('the hashes of a run are a power of two');
    const above: Hash[] = [];
    for (let i = 0; i < row.length; i += 2) above.push(nodeHash(row[i] as Hash, row[i + 1] as Hash, sha256));
    row = above;
  }
  const [root] = row;
  if (root === undefined) throw new RangeError('a run has at least one hash');
  return root;
}

/** Bytes of a tile as its hashes. Throws RangeError when they are not `width` hashes. */
export function splitHashes(bytes: Uint8Array, width = bytes.length / HASH_BYTES): Hash[] {
  if (bytes.length !== width * HASH_BYTES || !Number.isInteger(width))
    throw new RangeError(`a tile of ${width} hashes has ${width * HASH_BYTES} bytes, not ${bytes.length}`);
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

const MAX_ENTRY_BYTES = 65_535;

/** An entry bundle: each entry after its length, two bytes, most significant first. */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  const view = new DataView(bundle.buffer);
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw new RangeError('an entry has at most 65535 bytes');
    view.setUint16(at, entry.length);
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}

/** Throws RangeError on a bundle that is cut off. */
export function parseBundle(bundle: Uint8Array): Uint8Array[] {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 + (at + 2 <= bundle.length ? view.getUint16(at) : 0);
    if (end > bundle.length || at + 2 > bundle.length) throw new RangeError('the bundle is cut off');
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
