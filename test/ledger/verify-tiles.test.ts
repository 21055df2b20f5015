// A tree made anew from the tiles that a log serves: what they say of themselves is not believed, on any level.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { rebuildTree } from '../../src/ledger/verify-tiles.ts';
import { fetching, rootOfTree, type Tiles, tilesOfTree } from './served-tree.ts';
import { hex } from './vectors.ts';

const rebuild = (size: number, tiles: Tiles, sizes: readonly number[] = []) =>
  rebuildTree({ size, sizes, fetchTile: fetching(tiles), sha256 });

const found = async (size: number, change: (tiles: Tiles) => void) => {
  const tiles = tilesOfTree(size);
  change(tiles);
  const tree = await rebuild(size, tiles);
  return { tree, faults: tree.violations.map(({ index, kind }) => [index, kind]) };
};

/** With one bit of the hash at `place` turned. */
function bend(tiles: Tiles, path: string, place: number): void {
  const bytes = Uint8Array.from(tiles.get(path) as Uint8Array);
  bytes[place * 32] = (bytes[place * 32] as number) ^ 1;
  tiles.set(path, bytes);
}

for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537])
  test(`a tree of ${size} is made anew, with the roots of the sizes that are asked for`, async () => {
    const sizes = [0, 1, size >> 1, Math.max(0, size - 1)];
    const tiles = tilesOfTree(size);
    const tree = await rebuild(size, tiles, sizes);
    assert.deepEqual(tree.violations, []);
    assert.equal(tree.tiles, tiles.size);
    for (const one of [...sizes, size].filter((one) => one <= size))
      assert.equal(hex(tree.roots.get(one) as Uint8Array), hex(rootOfTree(one)), String(one));
  });

test('a lowest tile that lies gives another root, and the tile above it is named', async () => {
  const { tree, faults } = await found(600, (tiles) => bend(tiles, 'tile/0/001', 3));
  assert.notEqual(hex(tree.roots.get(600) as Uint8Array), hex(rootOfTree(600)));
  assert.deepEqual(faults, [[256, 'tile_mismatch']]);
});

test('a tile above that lies is named by the first entry below the hash, and the root stands', async () => {
  const { tree, faults } = await found(600, (tiles) => bend(tiles, 'tile/1/000.p/2', 1));
  assert.deepEqual(faults, [[256, 'tile_mismatch']]);
  assert.equal(hex(tree.roots.get(600) as Uint8Array), hex(rootOfTree(600)));
  const deep = await found(65_537, (tiles) => bend(tiles, 'tile/2/000.p/1', 0));
  assert.deepEqual(deep.faults, [[0, 'tile_mismatch']]);
});

test('the entry and its tile changed together, at 300 and at 65,537, show above', async () => {
  for (const [size, path, above] of [
    [300, 'tile/0/000', 0],
    [65_537, 'tile/0/255', 65_280],
  ] as const) {
    const { faults } = await found(size, (tiles) => bend(tiles, path, 7));
    assert.ok(
      faults.some(([index, kind]) => index === above && kind === 'tile_mismatch'),
      String(size),
    );
  }
});

test('a tile that is not there, or of another length, ends what is below it and is named', async () => {
  const missing = await found(600, (tiles) => tiles.delete('tile/0/001'));
  assert.deepEqual(missing.faults, [[256, 'tile_missing']]);
  assert.equal(missing.tree.roots.has(600), false);
  for (const length of [0, 31, 32 * 255, 32 * 257]) {
    const other = await found(600, (tiles) => tiles.set('tile/0/001', new Uint8Array(length)));
    assert.deepEqual(other.faults, [[256, 'tile_format']], String(length));
  }
  const above = await found(600, (tiles) => tiles.delete('tile/1/000.p/2'));
  assert.deepEqual(above.faults, [[0, 'tile_missing']]);
  assert.ok(above.tree.roots.has(600), 'the leaves are enough for the root');
});

test('a partial tile that a copy let go is read from the full one, and no other way', async () => {
  const full = tilesOfTree(512);
  const tiles = tilesOfTree(300);
  tiles.delete('tile/0/001.p/44');
  tiles.set('tile/0/001', full.get('tile/0/001') as Uint8Array);
  assert.deepEqual((await rebuild(300, tiles)).violations, []);
  tiles.set('tile/0/001', (full.get('tile/0/001') as Uint8Array).subarray(0, 44 * 32 - 1));
  assert.deepEqual(
    (await rebuild(300, tiles)).violations.map(({ kind }) => kind),
    ['tile_format'],
  );
});

test('a hundred faults are kept of more, and a server that fails is no fault of the log', async () => {
  const tiles = tilesOfTree(65_537);
  for (const path of tiles.keys()) if (path.startsWith('tile/0/')) bend(tiles, path, 0);
  assert.ok((await rebuild(65_537, tiles)).violations.length <= 100);
  const fails = async (path: string) => {
    if (path === 'tile/0/001') throw new Error('gone away');
    return tilesOfTree(600).get(path) ?? null;
  };
  await assert.rejects(rebuildTree({ size: 600, sizes: [], fetchTile: fails, sha256 }), /gone away/);
});
