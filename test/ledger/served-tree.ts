// A whole tree of tiles as a log would serve it, in memory, for tests that then change what is served.
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { type Hash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { type NoteSigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { formatTilePath, runRoot, TILE_WIDTH, tilesOf } from '../../src/ledger/tile.ts';
import { ourLeaves } from './vectors.ts';

export const served = noteSigner('served.example/log', new Uint8Array(32).fill(9));

export type Tiles = Map<string, Uint8Array>;

/** Every tile of a tree of that size, by path. */
export function tilesOfTree(size: number): Tiles {
  const levels: Hash[][] = [ourLeaves(size)];
  for (const hashes of levels) {
    const above = Array.from({ length: Math.floor(hashes.length / TILE_WIDTH) }, (_, i) =>
      runRoot(hashes.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH), sha256),
    );
    if (above.length > 0) levels.push(above);
  }
  return new Map(
    [...tilesOf(size)].map((tile) => {
      const from = tile.number * TILE_WIDTH;
      const hashes = levels[tile.level]?.slice(from, from + tile.width) ?? [];
      return [formatTilePath(tile), Buffer.concat(hashes)];
    }),
  );
}

export const fetching = (tiles: Tiles) => async (path: string) => tiles.get(path) ?? null;

export const rootOfTree = (size: number): Hash => rootOfLeaves(ourLeaves(size), sha256);

export const noteOf = (size: number, signer: NoteSigner = served, root = rootOfTree(size)): string =>
  signer.signNote(formatCheckpoint({ origin: signer.key.name, size, root }));
