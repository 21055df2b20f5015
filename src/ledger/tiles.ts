// The files of the log that anyone can check it by: tiles of hashes, and bundles of entries for those who may read them.
// What has been served once is never different later; whoever serves may let it be cached for ever.
import type { Store } from '../db/database.ts';
import { formatBundle, hasTile, TILE_WIDTH, type Tile } from './tile.ts';
import type { HashRun } from './tile-proof.ts';
import { readEntryBytes, readRuns, readSize } from './tile-store.ts';

export type HashTile = Tile & { readonly level: number };

/** Bytes of each tile, in the order asked. Errors: StoredTreeFault. */
export async function readTiles(db: Store, logId: number, tiles: readonly HashTile[]): Promise<Uint8Array[]> {
  const runs = await readRuns(db, logId, tiles.map(runOfTile));
  return runs.map((hashes) => Buffer.concat(hashes));
}

/** Null where the log has not come that far. */
export async function readTile(db: Store, logId: number, tile: HashTile): Promise<Uint8Array | null> {
  if (!hasTile(await readSize(db, logId), tile)) return null;
  const [bytes] = await readTiles(db, logId, [tile]);
  return bytes as Uint8Array;
}

/**
 * Entry bundles that follow each other. The caller knows that the log has come that far, and that the reader may see
 * entries.
 */
export async function readBundles(db: Store, logId: number, bundles: readonly Tile[]): Promise<Uint8Array[]> {
  const runs = bundles.map(({ number, width }) => ({
    from: number * TILE_WIDTH,
    to: number * TILE_WIDTH + width,
  }));
  const start = runs[0]?.from ?? 0;
  const entries = await readEntryBytes(db, logId, start, runs.at(-1)?.to ?? start);
  return runs.map(({ from, to }) => formatBundle(entries.slice(from - start, to - start)));
}

const runOfTile = ({ level, number, width }: HashTile): HashRun => ({
  level,
  from: number * TILE_WIDTH,
  to: number * TILE_WIDTH + width,
});
