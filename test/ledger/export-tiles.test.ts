import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { exportTiles, type TileExport } from '../../src/ledger/export-tiles.ts';
import { latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { leafHash } from '../../src/ledger/merkle.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { bundlesOf, formatTilePath, parseBundle, splitHashes, tilesOf } from '../../src/ledger/tile.ts';
import { TileFolderError } from '../../src/ledger/tile-folder.ts';
import { rootsOfRanges, runsOf } from '../../src/ledger/tile-proof.ts';
import { findTree } from '../../src/ledger/tile-store.ts';
import { testDatabases } from '../support/database.ts';
import { type RawLog, rawLog } from '../support/raw-log.ts';
import { hex } from './vectors.ts';

const databases = await testDatabases();
const { app } = databases;
const top = await mkdtemp(join(tmpdir(), 'stabledoor-tiles-'));
const hashes = join(top, 'hashes');
const entries = join(top, 'entries');
let log: RawLog;
before(async () => {
  log = await rawLog(app);
  await log.growTo(300);
});
after(async () => {
  await databases.close();
  await rm(top, { recursive: true });
});

const noteOf = async (logId = 1) => (await latestCheckpoint(app, logId))?.note as string;
const run = async (change: Partial<TileExport> = {}) =>
  exportTiles(app, { logId: 1, checkpoint: await noteOf(), folder: hashes, holds: 'hashes', ...change });
const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .sort();
const checkpointIn = async (folder: string) =>
  openCheckpoint(
    await readFile(join(folder, 'checkpoint'), 'utf8'),
    { origin: log.origin, logKeys: [log.signer.key] },
    nodeCrypto,
  );

/** What an auditor with nothing but the folder and the key would do. */
async function checkFolder(): Promise<number> {
  const { size, root } = await checkpointIn(hashes);
  const levels: Uint8Array[][] = [[], [], []];
  for (const tile of tilesOf(size))
    levels[tile.level]?.push(...splitHashes(await readFile(join(hashes, formatTilePath(tile))), tile.width));
  const ranges = [{ start: 0, end: size }];
  const runs = runsOf(ranges).map(({ level, from, to }) => levels[level]?.slice(from, to) as Uint8Array[]);
  assert.deepEqual(Buffer.from(rootsOfRanges(ranges, runs, sha256)[0] as Uint8Array), Buffer.from(root));
  return size;
}

test('a folder of hashes holds the tiles of its checkpoint, and no entry', async () => {
  const exported = await run();
  assert.deepEqual(exported, { origin: log.origin, size: 300, from: 0, written: 3, kept: 0 });
  const wanted = ['checkpoint', 'tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1'];
  assert.deepEqual(await filesIn(hashes), wanted);
  assert.equal(await checkFolder(), 300);
});

test('a folder of entries holds the bundles, for its user alone', async () => {
  await run({ folder: entries, holds: 'entries' });
  assert.deepEqual(await filesIn(entries), ['checkpoint', 'tile/entries/000', 'tile/entries/001.p/44']);
  const { size } = await checkpointIn(entries);
  const bundles = await Promise.all(
    [...bundlesOf(size)].map((each) => readFile(join(entries, formatTilePath(each)))),
  );
  const leaves = bundles.flatMap(parseBundle).map((entry) => leafHash(entry, sha256));
  assert.deepEqual(leaves.map(hex), log.leaves.map(hex));
  const modes = await Promise.all(['tile', 'tile/entries/000'].map((path) => stat(join(entries, path))));
  assert.deepEqual(
    modes.map(({ mode }) => mode & 0o077),
    [0, 0],
  );
});

test('again, nothing is written; with every file compared, nothing differs', async () => {
  const times = async () => (await stat(join(hashes, 'tile/0/001.p/44'))).mtimeMs;
  const before = await times();
  const { from, written, kept } = await run();
  assert.deepEqual([from, written, kept], [300, 0, 2]);
  assert.deepEqual((await run({ compareAll: true })).kept, 3);
  assert.equal(await times(), before);
});

test('a log that has grown is added to the folder, and outgrown partial tiles go', async () => {
  await log.growTo(700);
  assert.deepEqual(await run(), { origin: log.origin, size: 700, from: 300, written: 3, kept: 0 });
  const wanted = ['checkpoint', ...[...tilesOf(700)].map(formatTilePath), 'tile/1/000.p/1'].sort();
  assert.deepEqual(await filesIn(hashes), wanted);
  assert.equal(await checkFolder(), 700);
  await run({ folder: entries, holds: 'entries' });
  const bundles = ['checkpoint', ...[...bundlesOf(700)].map(formatTilePath)].sort();
  assert.deepEqual(await filesIn(entries), bundles);
});

test('an export that fails leaves the checkpoint as it was, and the next one mends it', async () => {
  await log.growTo(1100);
  const inTheWay = join(hashes, 'tile/0/004.p/76');
  await mkdir(inTheWay, { recursive: true });
  await assert.rejects(run(), /EISDIR/);
  assert.equal(await checkFolder(), 700);
  await rm(inTheWay, { recursive: true });
  await run();
  assert.equal(await checkFolder(), 1100);
  assert.equal((await filesIn(hashes)).filter((name) => name.endsWith('.part')).length, 0);
});

/** A copy of the folder, so that what is done to it stays there. */
async function copied(name: string): Promise<string> {
  const copy = join(top, name);
  await cp(hashes, copy, { recursive: true });
  return copy;
}

test('a file that holds something else is refused, not mended', async () => {
  const folder = await copied('changed');
  const tile = join(folder, 'tile/0/000');
  const bytes = await readFile(tile);
  bytes[100] = (bytes[100] as number) ^ 1;
  await writeFile(tile, bytes);
  await assert.rejects(run({ folder, compareAll: true }), /tile\/0\/000 holds something else/);
  assert.deepEqual(await readFile(tile), bytes);
  const [partial] = [join(folder, 'tile/0/004.p/76')];
  await writeFile(partial, bytes.subarray(0, 32));
  await assert.rejects(run({ folder }), TileFolderError);
});

test('a file that was lost comes back when every file is compared', async () => {
  const folder = await copied('lost');
  await rm(join(folder, 'tile/0/002'));
  assert.equal((await run({ folder, compareAll: true })).written, 1);
  assert.deepEqual(await readFile(join(folder, 'tile/0/002')), await readFile(join(hashes, 'tile/0/002')));
});

test('a folder of another log, of another history or ahead of the log is refused and stays as it is', async () => {
  const refused = async (folder: string, request: Partial<TileExport>, words: RegExp) => {
    const before = await readFile(join(folder, 'checkpoint'), 'utf8');
    await assert.rejects(run({ folder, ...request }), (error: Error) => {
      assert.ok(error instanceof TileFolderError);
      return words.test(error.message);
    });
    assert.equal(await readFile(join(folder, 'checkpoint'), 'utf8'), before);
  };
  const older = (await findTree(app, 1, 700)).checkpoint as string;
  await refused(hashes, { checkpoint: older }, /has lost entries/);
  const other = await rawLog(app, 2);
  await other.growTo(1200);
  await refused(hashes, { logId: 2, checkpoint: await noteOf(2) }, /is of raw1/);
  const forged = await copied('forged');
  const note = await readFile(join(forged, 'checkpoint'), 'utf8');
  await writeFile(
    join(forged, 'checkpoint'),
    note.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${'A'.repeat(43)}=\n`),
  );
  await refused(forged, {}, /different histories/);
  await writeFile(join(forged, 'checkpoint'), 'nonsense');
  await refused(forged, {}, /not a checkpoint/);
});
