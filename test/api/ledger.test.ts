// The ledger from outside, as an auditor's tool sees it: tiles fetched, proofs checked, nothing else trusted but the key.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import express from 'express';
import supertest from 'supertest';
import { ledgerRoutes } from '../../src/api/ledger.ts';
import { nothingHere, problemResponses } from '../../src/http/problem.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { type Hash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { verifyConsistency, verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { formatTilePath, runRoot, splitHashes, tilesOf } from '../../src/ledger/tile.ts';
import { rootsOfRanges, runsOf } from '../../src/ledger/tile-proof.ts';
import { parseTlogProof } from '../../src/ledger/tlog-proof.ts';
import { parseAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { hex } from '../ledger/vectors.ts';
import { testDatabases } from '../support/database.ts';
import { quietLogger } from '../support/ledger.ts';
import { type RawLog, rawLog } from '../support/raw-log.ts';

const databases = await testDatabases();
let log: RawLog;
let client: ReturnType<typeof supertest>;
before(async () => {
  log = await rawLog(databases.app);
  for (const size of [300, 512, 1000]) await log.growTo(size);
  const app = express();
  app.set('query parser', 'simple');
  app.use(
    giveRequestId,
    ledgerRoutes({
      ...{ db: databases.app, issuer: 'http://localhost:8080', witnessing: null },
      log: { logId: log.logId, origin: log.origin, formers: [] },
    }),
  );
  app.use(nothingHere, problemResponses({ issuer: 'http://localhost:8080', log: quietLogger }));
  client = supertest(app);
});
after(() => databases.close());

const bytesOf = async (path: string): Promise<Buffer> => {
  const { status, body, headers } = await client.get(`/ledger/${path}`).buffer(true);
  assert.equal(status, 200, path);
  assert.equal(headers['content-type'], 'application/octet-stream');
  assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
  return body as Buffer;
};
const text = (path: string) => client.get(path).set('Accept', 'text/plain');
const json = (path: string) => client.get(path).set('Accept', 'application/json');
const open = (note: string) =>
  openCheckpoint(note, { origin: log.origin, logKeys: [log.signer.key] }, nodeCrypto);
const decode = (encoded: string): Hash => Buffer.from(encoded, 'base64');

for (const size of [1, 255, 256, 300, 512, 767, 1000])
  test(`the tiles of a tree of ${size} give its leaves and its root`, async () => {
    const levels: Hash[][] = [[], []];
    for (const tile of tilesOf(size))
      levels[tile.level]?.push(...splitHashes(await bytesOf(formatTilePath(tile)), tile.width));
    assert.deepEqual(levels[0]?.map(hex), log.leaves.slice(0, size).map(hex));
    const runs = runsOf([{ start: 0, end: size }]).map(
      (run) => levels[run.level]?.slice(run.from, run.to) as Hash[],
    );
    const [root] = rootsOfRanges([{ start: 0, end: size }], runs, sha256);
    assert.deepEqual(root, rootOfLeaves(log.leaves.slice(0, size), sha256));
  });

test('a hash one level up is the root of the tile below', async () => {
  const below = splitHashes(await bytesOf('tile/0/002'), 256);
  assert.deepEqual((await bytesOf('tile/1/000.p/3')).subarray(64), runRoot(below, sha256));
});

test('a tile that is not there, not yet there, or misspelt, is not found and not cached', async () => {
  for (const path of [
    'tile/0/003',
    'tile/0/003.p/233',
    'tile/1/000.p/4',
    'tile/2/000.p/1',
    'tile/63/000',
    'tile/64/000',
  ])
    assert.equal((await client.get(`/ledger/${path}`)).status, 404, path);
  for (const path of [
    'tile/0/000/',
    'tile/0/%30%30%30',
    'tile/00/000',
    'tile/0/000.p/256',
    'tile/0',
    'tile/0/x000/000',
  ]) {
    const { status, body, headers } = await client.get(`/ledger/${path}`);
    assert.deepEqual([status, body.code, headers['cache-control']], [404, 'not_found', 'no-store'], path);
  }
});

test('entries are refused to everyone, whether there are any or not', async () => {
  for (const path of ['000', '001.p/44', 'x001/234', 'nonsense', '000/../000']) {
    const { status, body } = await client.get(`/ledger/tile/entries/${path}`).set('Authorization', 'DPoP x');
    assert.deepEqual([status, body.code], [403, 'regulators_only'], path);
  }
});

test('a proof as text is a proof file that leads from a leaf to a checkpoint that the log signed', async () => {
  for (const [index, query] of [
    [0, '&size=300'],
    [299, '&size=300'],
    [511, '&size=512'],
    [700, ''],
  ] as const) {
    const res = await text(`/v1/ledger/proof?index=${index}${query}`);
    assert.match(res.headers['content-type'] ?? '', /^text\/plain/);
    assert.match(res.headers.vary ?? '', /Accept/);
    const proof = parseTlogProof(res.text);
    const { size, root } = await open(proof.checkpoint);
    const leaf = log.leaves[index] as Hash;
    assert.equal(
      verifyInclusion({ index: proof.index, size, leaf, proof: proof.hashes, root }, sha256),
      true,
    );
    assert.equal(proof.index, index);
  }
});

test('a proof as JSON is given at any size, with the checkpoint where there is one', async () => {
  for (const size of [301, 512, 999]) {
    const { body } = await json(`/v1/ledger/proof?index=300&size=${size}`);
    const [leaf, root] = [decode(body.leaf), decode(body.root)];
    assert.deepEqual([body.origin, body.index, body.size], [log.origin, 300, size]);
    assert.equal(verifyInclusion({ ...body, leaf, root, proof: body.hashes.map(decode) }, sha256), true);
    assert.equal(body.checkpoint === null, size !== 512);
  }
});

test('growth is proven as JSON, and as text in the words that a witness takes', async () => {
  const { body } = await json('/v1/ledger/consistency?from=300&to=777');
  const [root1, root2] = [decode(body.from_root), decode(body.to_root)];
  const claim = { size1: 300, size2: 777, root1, root2, proof: body.hashes.map(decode) };
  assert.equal(verifyConsistency(claim, sha256), true);
  const asked = parseAddCheckpoint((await text('/v1/ledger/consistency?from=300')).text);
  const newest = await open(asked.note);
  assert.deepEqual([asked.oldSize, newest.size], [300, 1000]);
  const grown = { size1: 300, size2: 1000, root1, root2: newest.root, proof: asked.proof };
  assert.equal(verifyConsistency(grown, sha256), true);
  assert.deepEqual((await json('/v1/ledger/consistency?from=0&to=512')).body.hashes, []);
  assert.deepEqual((await json('/v1/ledger/consistency?from=512&to=512')).body.hashes, []);
});

const refused: [string, number, string, RegExp][] = [
  ['/v1/ledger/proof', 400, 'invalid_request', /index/],
  ['/v1/ledger/proof?index=-1', 400, 'invalid_request', /index/],
  ['/v1/ledger/proof?index=01', 400, 'invalid_request', /index/],
  ['/v1/ledger/proof?index=0x1', 400, 'invalid_request', /index/],
  ['/v1/ledger/proof?index=1&index=2', 400, 'invalid_request', /index/],
  ['/v1/ledger/proof?index=9007199254740993', 400, 'invalid_request', /index/],
  ['/v1/ledger/proof?index=1&size=', 400, 'invalid_request', /size/],
  ['/v1/ledger/proof?index=1&leaf=x', 400, 'invalid_request', /leaf/],
  ['/v1/ledger/proof?index=300&size=300', 400, 'invalid_request', /below size/],
  ['/v1/ledger/proof?index=1&size=0', 400, 'invalid_request', /below size/],
  ['/v1/ledger/proof?index=1000', 404, 'beyond_ledger', /1000 entries/],
  ['/v1/ledger/proof?index=1&size=1001', 404, 'beyond_ledger', /1000 entries/],
  ['/v1/ledger/proof?index=1&size=301', 404, 'checkpoint_unknown', /json/],
  ['/v1/ledger/consistency?from=2&to=1', 400, 'invalid_request', /from/],
  ['/v1/ledger/consistency?to=1', 400, 'invalid_request', /from/],
  ['/v1/ledger/consistency?from=1001', 404, 'beyond_ledger', /1000 entries/],
  ['/v1/ledger/consistency?from=1&to=1001', 404, 'beyond_ledger', /1000 entries/],
  ['/v1/ledger/consistency?from=1&to=301', 404, 'checkpoint_unknown', /json/],
];
for (const [path, status, code, detail] of refused)
  test(`refused as ${code}: ${path}`, async () => {
    const res = await client.get(path).set('Accept', 'text/plain, application/problem+json');
    assert.deepEqual([res.status, res.body.code], [status, code]);
    assert.match(res.body.detail, detail);
  });

test('another format than text and JSON is refused', async () => {
  const { status, body } = await client.get('/v1/ledger/proof?index=1').set('Accept', 'text/csv');
  assert.deepEqual([status, body.code], [406, 'not_acceptable']);
});
