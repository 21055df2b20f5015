// Copies a log into folders: tiles first, the checkpoint last, so that whoever serves a folder never promises what it
// does not have. Entries go to a folder of their own, which is not for the public.
import type { Store } from '../db/database.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import { splitNote } from './note.ts';
import { rootAt } from './proofs.ts';
import {
  bundlesOf,
  formatTilePath,
  levelLength,
  partialWidth,
  TILE_WIDTH,
  type Tile,
  tilesOf,
} from './tile.ts';
import { openTileFolder, type TileFolder, TileFolderError } from './tile-folder.ts';
import { type HashTile, readBundles, readTiles } from './tiles.ts';

export interface TileExport {
  readonly logId: number;
  /** The signed note to end with. */
  readonly checkpoint: string;
  readonly folder: string;
  /** What goes there: hashes, which anyone may have, or entries, which only a regulator may. */
  readonly holds: 'hashes' | 'entries';
  /** Compares every file of the folder with the log, not only those since its checkpoint. */
  readonly compareAll?: boolean;
  readonly onProgress?: (files: number, of: number) => void;
}

export interface ExportedTiles {
  readonly origin: string;
  readonly size: number;
  /** Size that the folder was at; 0 for a new one. */
  readonly from: number;
  readonly written: number;
  /** Files that were there, and the same. */
  readonly kept: number;
}

/** Tiles and bundles at a time: what stands in memory. */
const pieces = { hashes: 64, entries: 4 } as const;

/** Errors: TileFolderError where the folder is of another log, of another history of this one, or ahead of it. */
export async function exportTiles(db: Store, request: TileExport): Promise<ExportedTiles> {
  const { logId, holds } = request;
  const folder = openTileFolder(request.folder, holds === 'entries');
  const newest = parseCheckpoint(splitNote(request.checkpoint).text);
  const { origin, size } = newest;
  const before = await folder.newest();
  if (before !== null) await checkHistory(db, logId, before, newest);
  const from = before?.size ?? 0;
  const since = request.compareAll ? 0 : from;
  const tiles: Tile[] = [...(holds === 'hashes' ? tilesOf(size, since) : bundlesOf(size, since))];
  let [written, kept] = [0, 0];
  for (const piece of inPieces(tiles, pieces[holds])) {
    const contents =
      holds === 'hashes'
        ? await readTiles(db, logId, piece as HashTile[])
        : await readBundles(db, logId, piece);
    const fresh = await Promise.all(
      piece.map((tile, i) => folder.put(formatTilePath(tile), contents[i] as Uint8Array)),
    );
    written += fresh.filter(Boolean).length;
    kept += fresh.filter((isFresh) => !isFresh).length;
    request.onProgress?.(written + kept, tiles.length);
  }
  await folder.publish(request.checkpoint);
  await removeOutgrown(folder, holds, from, size);
  return { origin, size, from, written, kept };
}

/** The tree that the folder was left at must be where ours came from. */
async function checkHistory(db: Store, logId: number, before: Checkpoint, newest: Checkpoint): Promise<void> {
  const { origin, size } = before;
  if (origin !== newest.origin)
    throw new TileFolderError(`the folder is of ${origin}, not of ${newest.origin}`);
  if (size > newest.size)
    throw new TileFolderError(
      `the folder is at ${size} entries and the log at ${newest.size}: the log has lost entries that were published`,
    );
  if (!sameBytes(before.root, await rootAt(db, logId, size)))
    throw new TileFolderError(`the folder and the log have different histories up to entry ${size}`);
}

/** Partial tiles of the tree before whose tile is full by now: clients fetch the full one. */
async function removeOutgrown(
  folder: TileFolder,
  holds: TileExport['holds'],
  from: number,
  size: number,
): Promise<void> {
  for (let level = 0; levelLength(from, level) > 0; level++) {
    const number = Math.floor(levelLength(from, level) / TILE_WIDTH);
    const isFull = (number + 1) * TILE_WIDTH <= levelLength(size, level);
    if (partialWidth(from, level) === 0 || !isFull) continue;
    const kind = holds === 'hashes' ? level : 'entries';
    await folder.remove(`${formatTilePath({ level: kind, number, width: TILE_WIDTH })}.p`);
    if (holds === 'entries') return;
  }
}

function* inPieces<Item>(items: readonly Item[], length: number): Generator<Item[]> {
  for (let i = 0; i < items.length; i += length) yield items.slice(i, i + length);
}
