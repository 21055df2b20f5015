// Makes a whole tree anew from its lowest tiles, and compares every tile above with what it must be. Nothing that is
// served is believed but the leaves' hashes, and those stand or fall with the root that was signed.
import { HASH_BYTES, type Sha256, sameBytes } from './crypto.ts';
import { frontierRoot, type Hash, pushLeaf } from './merkle.ts';
import { formatTilePath, runRoot, splitHashes, TILE_WIDTH, tilesOf } from './tile.ts';
import type { HashTile } from './tiles.ts';

/** The bytes at a path relative to the log's address; null where there are none. */
export type FetchTile = (path: string) => Promise<Uint8Array | null>;

export interface TileViolation {
  /** First entry under the hash that is wrong. */
  readonly index: number;
  readonly kind: 'tile_missing' | 'tile_format' | 'tile_mismatch';
  readonly message: string;
}

export interface RebuiltTree {
  /** Tiles that were read, of all levels. */
  readonly tiles: number;
  /** By size: of the sizes asked for, and of the whole. Empty where a lowest tile could not be read. */
  readonly roots: ReadonlyMap<number, Hash>;
  /** The first of each tile, at most a hundred. */
  readonly violations: readonly TileViolation[];
}

export interface RebuildRequest {
  readonly size: number;
  /** Smaller sizes whose roots are wanted too. */
  readonly sizes: readonly number[];
  readonly fetchTile: FetchTile;
  readonly sha256: Sha256;
  readonly onProgress?: (entries: number, of: number) => void;
}

const AT_ONCE = 8;
const KEPT = 100;

/** Reads every tile of a tree of that size; memory does not grow with it. */
export async function rebuildTree(request: RebuildRequest): Promise<RebuiltTree> {
  const { size, fetchTile, onProgress } = request;
  const tree = new Rebuilding(request);
  const lowest = lowestTiles(size);
  for await (const [tile, bytes] of readAhead(lowest, (tile) => readTile(fetchTile, tile))) {
    if (!tree.takeLowest(tile, bytes)) return tree.close();
    for (const one of tree.finished.splice(0)) tree.compare(one, await readTile(fetchTile, one));
    onProgress?.(tree.size, size);
  }
  for (const one of tree.partials()) tree.compare(one, await readTile(fetchTile, one));
  return tree.close();
}

function* lowestTiles(size: number): Generator<HashTile> {
  for (const tile of tilesOf(size)) {
    if (tile.level > 0) return;
    yield tile;
  }
}

/** Whether tiles of a tree of that size are there, by the last of its lowest. Nothing of it is verified. */
export async function isServed(fetchTile: FetchTile, size: number): Promise<boolean> {
  const last = {
    level: 0,
    number: Math.floor((size - 1) / TILE_WIDTH),
    width: ((size - 1) % TILE_WIDTH) + 1,
  };
  return size === 0 || (await readTile(fetchTile, last)) !== null;
}

/** A copy may have let a partial tile go once the full one was there: its beginning is the same. */
async function readTile(fetchTile: FetchTile, tile: HashTile): Promise<Uint8Array | null> {
  const bytes = await fetchTile(formatTilePath(tile));
  if (bytes !== null || tile.width === TILE_WIDTH) return bytes;
  const full = await fetchTile(formatTilePath({ ...tile, width: TILE_WIDTH }));
  return full?.length === TILE_WIDTH * HASH_BYTES ? full.subarray(0, tile.width * HASH_BYTES) : full;
}

/** In their order, several under way at once. */
async function* readAhead<One, Read>(
  all: Iterable<One>,
  read: (one: One) => Promise<Read>,
): AsyncGenerator<[One, Read]> {
  const underWay: [One, Promise<Read>][] = [];
  for (const one of all) {
    const promise = read(one);
    // Whoever stops early leaves promises that nobody waits for.
    promise.catch(() => {});
    underWay.push([one, promise]);
    if (underWay.length < AT_ONCE) continue;
    const [first, result] = underWay.shift() as [One, Promise<Read>];
    yield [first, await result];
  }
  for (const [one, promise] of underWay) yield [one, await promise];
}

class Rebuilding {
  readonly #sha256: Sha256;
  readonly #wanted: ReadonlySet<number>;
  /** By level: hashes of the tile that is not full yet. */
  readonly #rows: Hash[][] = [];
  readonly #full: number[] = [];
  /** Hashes of the tiles above that have become whole, by path, until they are compared. */
  readonly #due = new Map<string, Hash[]>();
  readonly #roots = new Map<number, Hash>();
  readonly #violations: TileViolation[] = [];
  readonly finished: HashTile[] = [];
  #tiles = 0;
  size = 0;

  constructor({ size, sizes, sha256 }: RebuildRequest) {
    this.#sha256 = sha256;
    this.#wanted = new Set([...sizes, size]);
    if (this.#wanted.has(0)) this.#roots.set(0, frontierRoot({ hashes: [] }, sha256));
  }

  /** False where nothing more can follow. */
  takeLowest(tile: HashTile, bytes: Uint8Array | null): boolean {
    const hashes = this.#read(tile, bytes);
    if (hashes === null) return false;
    for (const hash of hashes) {
      this.#push(0, hash);
      this.size++;
      if (this.#wanted.has(this.size)) this.#roots.set(this.size, this.#root());
    }
    return true;
  }

  /** A tile above the lowest, as it is served, with what it must be. */
  compare(tile: HashTile, bytes: Uint8Array | null): void {
    const path = formatTilePath(tile);
    const wanted = this.#due.get(path) ?? [];
    this.#due.delete(path);
    const served = this.#read(tile, bytes);
    const wrong = served?.findIndex((hash, i) => !sameBytes(hash, wanted[i] as Hash)) ?? -1;
    if (wrong < 0) return;
    const leaves = TILE_WIDTH ** tile.level;
    const from = (tile.number * TILE_WIDTH + wrong) * leaves;
    const message = `hash ${wrong} of ${path} is not that of entries ${from} to ${from + leaves - 1} below it`;
    this.#add({ index: from, kind: 'tile_mismatch', message });
  }

  /** Tiles at the right edge, above the lowest level. */
  partials(): HashTile[] {
    return this.#rows.flatMap((hashes, level) => {
      if (level === 0 || hashes.length === 0) return [];
      const tile = { level, number: this.#full[level] ?? 0, width: hashes.length };
      this.#due.set(formatTilePath(tile), hashes);
      return [tile];
    });
  }

  close(): RebuiltTree {
    return { tiles: this.#tiles, roots: this.#roots, violations: this.#violations };
  }

  #read(tile: HashTile, bytes: Uint8Array | null): Hash[] | null {
    const index = tile.number * TILE_WIDTH ** (tile.level + 1);
    const path = formatTilePath(tile);
    if (bytes === null) {
      this.#add({ index, kind: 'tile_missing', message: `${path} is not there` });
      return null;
    }
    this.#tiles++;
    try {
      return splitHashes(bytes, tile.width);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#add({ index, kind: 'tile_format', message: `${path}: ${error.message}` });
      return null;
    }
  }

  #push(level: number, hash: Hash): void {
    this.#rows[level] ??= [];
    const row = this.#rows[level];
    row.push(hash);
    if (row.length < TILE_WIDTH) return;
    const tile = { level, number: this.#full[level] ?? 0, width: TILE_WIDTH };
    this.#full[level] = tile.number + 1;
    this.#rows[level] = [];
    if (level > 0) {
      this.#due.set(formatTilePath(tile), row);
      this.finished.push(tile);
    }
    this.#push(level + 1, runRoot(row, this.#sha256));
  }

  #root(): Hash {
    const hashes = this.#rows.toReversed().flatMap((row) => {
      const frontier: Hash[] = [];
      row.forEach((hash, i) => {
        pushLeaf(frontier, i, hash, this.#sha256);
      });
      return frontier;
    });
    return frontierRoot({ hashes }, this.#sha256);
  }

  #add(violation: TileViolation): void {
    if (this.#violations.length < KEPT) this.#violations.push(violation);
  }
}
