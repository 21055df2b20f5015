import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/ledger/crypto.ts';
import { type Hash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import {
  consistencyProof,
  consistencyRanges,
  inclusionProof,
  inclusionRanges,
} from '../../src/ledger/merkle-proof.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import {
  bundlesOf,
  formatBundle,
  formatTilePath,
  hasTile,
  levelLength,
  parseBundle,
  parseTilePath,
  partialWidth,
  runRoot,
  splitHashes,
  type Tile,
  tilesOf,
} from '../../src/ledger/tile.ts';
import { rootsOfRanges, runsOf } from '../../src/ledger/tile-proof.ts';
import { base64, hex, ourLeaves, ours, vectors } from './vectors.ts';

interface TileVectors {
  readonly files300: Record<string, { bytes: number; sha256: string }>;
  readonly paths: Record<string, Tile>;
  readonly noPaths: string[];
  readonly partials: { size: number; tiles: string[] }[];
}
const tiles = vectors<TileVectors>('tiles');

/** Every level of a tree, from its leaves alone. */
function levelsOf(leaves: readonly Hash[]): Hash[][] {
  const levels = [[...leaves]];
  for (let row = levels[0] as Hash[]; row.length >= 256; levels.push(row))
    row = Array.from({ length: Math.floor(row.length / 256) }, (_, i) =>
      runRoot(row.slice(i * 256, (i + 1) * 256), sha256),
    );
  return levels;
}
const tileBytes = (levels: Hash[][], { level, number, width }: Tile) =>
  Buffer.concat((levels[level as number] as Hash[]).slice(number * 256, number * 256 + width));
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('the files of a log of 300 entries', () => {
  const levels = levelsOf(ourLeaves(300));
  const bundle = ({ number, width }: Tile) =>
    formatBundle(Array.from({ length: width }, (_, i) => utf8(`entry-${number * 256 + i}`)));
  const files = new Map([
    ...[...tilesOf(300)].map((tile) => [formatTilePath(tile), tileBytes(levels, tile)] as const),
    ...[...bundlesOf(300)].map((tile) => [formatTilePath(tile), bundle(tile)] as const),
  ]);
  test('are those that the published vectors name, byte for byte', () => {
    const found = [...files].map(([path, bytes]) => [path, { bytes: bytes.length, sha256: digest(bytes) }]);
    assert.deepEqual(Object.fromEntries(found), tiles.files300);
  });
});

test('a tree of 70,000 has 277 tiles, and its root follows from those at the right edge', () => {
  const levels = levelsOf(ourLeaves(70_000));
  const all = [...tilesOf(70_000)];
  assert.equal(all.length, 277);
  const count = (level: number, full: boolean) =>
    all.filter((tile) => tile.level === level && (tile.width === 256) === full).length;
  assert.deepEqual([count(0, true), count(0, false), count(1, true), count(1, false)], [273, 1, 1, 1]);
  assert.deepEqual(
    [0, 1, 2].map((level) => partialWidth(70_000, level)),
    [112, 17, 1],
  );
  const ranges = [{ start: 0, end: 70_000 }];
  const runs = runsOf(ranges).map(({ level, from, to }) => (levels[level] as Hash[]).slice(from, to));
  assert.equal(base64(rootsOfRanges(ranges, runs, sha256)[0] as Hash), ours.roots['70000']);
});

for (const { size, tiles: paths } of tiles.partials)
  test(`a tree of ${size} has exactly the tiles it should`, () => {
    assert.deepEqual([...tilesOf(size)].map(formatTilePath), paths);
  });

test('what was full before is left out, and nothing else is', () => {
  fc.assert(
    fc.property(fc.nat(200_000), fc.nat(2000), (since, more) => {
      const size = since + more;
      const before = new Set([...tilesOf(since)].filter(({ width }) => width === 256).map(formatTilePath));
      const wanted = [...tilesOf(size)].map(formatTilePath).filter((path) => !before.has(path));
      assert.deepEqual([...tilesOf(size, since)].map(formatTilePath), wanted);
    }),
    { numRuns: 50 },
  );
});

test('a tile is there when all its hashes are', () => {
  assert.equal(hasTile(300, { level: 0, number: 1, width: 44 }), true);
  assert.equal(hasTile(300, { level: 0, number: 1, width: 45 }), false);
  assert.equal(hasTile(300, { level: 'entries', number: 1, width: 44 }), true);
  assert.equal(hasTile(300, { level: 'entries', number: 1, width: 256 }), false);
  assert.equal(hasTile(256 ** 2 - 1, { level: 1, number: 0, width: 256 }), false);
  assert.equal(hasTile(256 ** 2, { level: 1, number: 0, width: 256 }), true);
  assert.equal(hasTile(Number.MAX_SAFE_INTEGER, { level: 63, number: 0, width: 1 }), false);
  assert.equal(levelLength(2 ** 40, 4), 256);
});

test('the path of a tile has one spelling', () => {
  for (const [path, tile] of Object.entries(tiles.paths)) {
    assert.equal(formatTilePath(tile), path);
    assert.deepEqual(parseTilePath(path), tile);
  }
  for (const path of tiles.noPaths) assert.equal(parseTilePath(path), null, path);
  const anyTile = fc.record({
    level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
    number: fc.nat(2 ** 31 - 1).map((low) => low * 1000),
    width: fc.integer({ min: 1, max: 256 }),
  });
  fc.assert(
    fc.property(anyTile, (tile) => assert.deepEqual(parseTilePath(formatTilePath(tile)), { ...tile })),
  );
});

test('a bundle gives its entries back, and one that is cut off is refused', () => {
  const entry = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const bundle = formatBundle(entries);
      assert.deepEqual(parseBundle(bundle).map(hex), entries.map(hex));
      if (bundle.length > 0) assert.throws(() => parseBundle(bundle.subarray(0, -1)), RangeError);
    }),
  );
  assert.throws(() => formatBundle([new Uint8Array(65_536)]), RangeError);
  assert.throws(() => splitHashes(new Uint8Array(33)), RangeError);
});

test('proofs made of stored hashes are those made of all leaves', () => {
  const leaves = ourLeaves(1100);
  const levels = levelsOf(leaves);
  const fromTiles = (ranges: Parameters<typeof runsOf>[0]) => {
    const runs = runsOf(ranges);
    for (const { from, to } of runs) assert.ok(to - from <= 128 && to > from);
    const hashes = runs.map(({ level, from, to }) => (levels[level] as Hash[]).slice(from, to));
    return rootsOfRanges(ranges, hashes, sha256).map(hex);
  };
  const sizeAndBelow = fc
    .integer({ min: 1, max: 1100 })
    .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));
  fc.assert(
    fc.property(sizeAndBelow, ([size, below]) => {
      const tree = leaves.slice(0, size);
      assert.deepEqual(fromTiles(inclusionRanges(below, size)), inclusionProof(tree, below, sha256).map(hex));
      assert.deepEqual(
        fromTiles(consistencyRanges(below + 1, size)),
        consistencyProof(tree, below + 1, sha256).map(hex),
      );
      assert.deepEqual(fromTiles([{ start: 0, end: size }]), [hex(rootOfLeaves(tree, sha256))]);
    }),
  );
});
