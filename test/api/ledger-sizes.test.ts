// Proofs and tiles where trees begin, fill and overflow tiles: as JSON, as text and by command, each leading from the leaf to the
// checkpoint that was signed at that size.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import express from 'express';
import supertest from 'supertest';
import { ledgerRoutes } from '../../src/api/ledger.ts';
import { nothingHere, problemResponses } from '../../src/http/problem.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { emptyRoot, type Hash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { verifyGrowth, verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { formatTilePath, runRoot, TILE_WIDTH, tilesOf } from '../../src/ledger/tile.ts';
import { parseTlogProof } from '../../src/ledger/tlog-proof.ts';
import { parseAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { hex } from '../ledger/vectors.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { quietLogger } from '../support/ledger.ts';
import { type RawLog, rawLog } from '../support/raw-log.ts';

const sizes = [1, 2, 3, 254, 255, 256, 257, 258, 511, 512, 513, 65_535, 65_536, 65_537];
const databases = await testDatabases();
const issuer = 'http://localhost:8080';
let broker: TestBroker;
let log: RawLog;
let client: ReturnType<typeof supertest>;
before(async () => {
  // For its settings: the log under test is a second one in its database.
  broker = await testBroker({ databases });
  log = await rawLog(databases.app, 2);
  const app = express();
  app.set('query parser', 'simple');
  const witnessing = null;
  const named = { logId: log.logId, origin: log.origin, formers: [] };
  app.use(giveRequestId, ledgerRoutes({ db: databases.app, issuer, witnessing, log: named }));
  app.use(nothingHere, problemResponses({ issuer, log: quietLogger }));
  client = supertest(app);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const roots = new Map<number, Hash>([[0, emptyRoot(sha256)]]);
const rootAt = (size: number): Hash => {
  const root = roots.get(size) ?? rootOfLeaves(log.leaves.slice(0, size), sha256);
  roots.set(size, root);
  return root;
};
const decode = (text: string): Hash => Buffer.from(text, 'base64');
const json = async (path: string) => (await client.get(path).set('Accept', 'application/json')).body;
const text = async (path: string) => (await client.get(path).set('Accept', 'text/plain')).text;
const command = async (...args: string[]) => {
  const settings = { ...broker.environment, STABLEDOOR_LOG_ORIGIN: log.origin };
  const ran = await stabledoor(settings, ['ledger', ...args]);
  assert.deepEqual([ran.code, ran.err], [0, ''], args.join(' '));
  return ran.out;
};

interface InclusionAnswer {
  readonly index: number;
  readonly size: number;
  readonly leaf: string;
  readonly root: string;
  readonly hashes: readonly string[];
}
function checkInclusion(index: number, size: number, body: InclusionAnswer): void {
  assert.deepEqual([body.index, body.size, body.root], [index, size, encode(rootAt(size))]);
  assert.equal(body.leaf, encode(log.leaves[index] as Hash));
  const claim = { index, size, leaf: decode(body.leaf), proof: body.hashes.map(decode), root: rootAt(size) };
  assert.equal(verifyInclusion(claim, sha256), true, `${index} in ${size}`);
}
const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

async function checkProofFile(index: number, size: number, file: string): Promise<void> {
  const { hashes, checkpoint } = parseTlogProof(file);
  const trust = { origin: log.origin, logKeys: [log.signer.key] };
  const opened = await openCheckpoint(checkpoint, trust, nodeCrypto);
  assert.deepEqual([opened.size, hex(opened.root)], [size, hex(rootAt(size))]);
  const leaf = log.leaves[index] as Hash;
  assert.equal(verifyInclusion({ index, size, leaf, proof: hashes, root: opened.root }, sha256), true);
}

interface GrowthAnswer {
  readonly from: number;
  readonly to: number;
  readonly from_root: string;
  readonly to_root: string;
  readonly hashes: readonly string[];
}
function checkGrowth(from: number, to: number, body: GrowthAnswer): void {
  assert.deepEqual([body.from, body.to], [from, to]);
  assert.deepEqual([body.from_root, body.to_root], [rootAt(from), rootAt(to)].map(encode));
  checkGrown(from, to, body.hashes.map(decode));
}
function checkGrown(from: number, to: number, proof: readonly Hash[]): void {
  const claim = { size1: from, size2: to, root1: rootAt(from), root2: rootAt(to), proof };
  assert.equal(verifyGrowth(claim, sha256), true, `${from} to ${to}`);
}
function checkWitnessRequest(from: number, to: number, request: string): void {
  const { oldSize, proof, note } = parseAddCheckpoint(request);
  assert.equal(oldSize, from);
  assert.ok(note.startsWith(`${log.origin}\n${to}\n${encode(rootAt(to))}\n`));
  checkGrown(from, to, proof);
}

/** Hashes by level, as the leaves say. */
function levelsOf(size: number): Hash[][] {
  const levels: Hash[][] = [log.leaves.slice(0, size)];
  for (const hashes of levels) {
    const full = Math.floor(hashes.length / TILE_WIDTH);
    if (full === 0) break;
    levels.push(
      Array.from({ length: full }, (_, i) =>
        runRoot(hashes.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH), sha256),
      ),
    );
  }
  return levels;
}
async function checkTiles(size: number, after = 0): Promise<void> {
  const levels = levelsOf(size);
  for (const tile of tilesOf(size)) {
    if ((tile.number + 1) * TILE_WIDTH ** (tile.level + 1) <= after) continue;
    const from = tile.number * TILE_WIDTH;
    const wanted = Buffer.concat(levels[tile.level]?.slice(from, from + tile.width) ?? []);
    const { status, body } = await client.get(`/ledger/${formatTilePath(tile)}`).buffer(true);
    assert.equal(status, 200, `${formatTilePath(tile)} of ${size}`);
    assert.ok(wanted.equals(body as Buffer), `${formatTilePath(tile)} of ${size}`);
  }
}

test('an empty log proves nothing but that it is empty, and has no tile', async () => {
  for (const path of ['proof?index=0', 'proof?index=0&size=0', 'consistency?from=0&to=1'])
    assert.match((await json(`/v1/ledger/${path}`)).code, /^(beyond_ledger|invalid_request)$/, path);
  checkGrowth(0, 0, await json('/v1/ledger/consistency?from=0&to=0'));
  checkGrowth(0, 0, await json('/v1/ledger/consistency?from=0'));
  checkGrowth(0, 0, JSON.parse(await command('consistency', '0', '--json')));
  for (const tile of ['0/000', '0/000.p/1', '1/000.p/1'])
    assert.equal((await client.get(`/ledger/tile/${tile}`)).status, 404, tile);
});

for (const [place, size] of sizes.entries())
  test(`at ${size} entries each is proven and so is all growth, as JSON, as text and by command`, async () => {
    await log.growTo(size);
    const spots = [0, 1, 255, 256, size >> 1, size - 2, size - 1];
    const indexes = [...new Set(spots)].filter((index) => index >= 0 && index < size);
    for (const index of indexes) {
      const query = `/v1/ledger/proof?index=${index}`;
      checkInclusion(index, size, await json(`${query}&size=${size}`));
      checkInclusion(index, size, await json(query));
      await checkProofFile(index, size, await text(`${query}&size=${size}`));
    }
    for (const from of [0, ...sizes.slice(0, place + 1)]) {
      const query = `/v1/ledger/consistency?from=${from}&to=${size}`;
      checkGrowth(from, size, await json(query));
      checkWitnessRequest(from, size, await text(query));
    }
    const [last, before] = [size - 1, sizes[place - 1] ?? 0].map(String) as [string, string];
    const [file, proof, request, growth] = (await Promise.all([
      command('proof', last),
      command('proof', last, '--size', String(size), '--json'),
      command('consistency', before),
      command('consistency', before, String(size), '--json'),
    ])) as [string, string, string, string];
    await checkProofFile(size - 1, size, file);
    checkInclusion(size - 1, size, JSON.parse(proof));
    checkWitnessRequest(Number(before), size, request);
    checkGrowth(Number(before), size, JSON.parse(growth));
    // Tiles that were whole at the size before are those of then.
    await checkTiles(size, sizes[place - 1]);
  });

test('of a log that has grown on, each proof and each partial tile of a size that it published is there as before', async () => {
  assert.equal(log.leaves.length, sizes.at(-1));
  for (const size of sizes.filter((one) => one < 1000)) {
    checkInclusion(size - 1, size, await json(`/v1/ledger/proof?index=${size - 1}&size=${size}`));
    await checkProofFile(0, size, await text(`/v1/ledger/proof?index=0&size=${size}`));
    await checkTiles(size);
  }
  await checkTiles(65_535, 65_279);
});
