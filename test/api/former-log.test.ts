// A log that another goes on for, from outside: whoever kept a checkpoint of it gets its tiles, its last checkpoint and its
// proofs for good, by HTTP and by command, also of entries that its witnesses never saw.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { succeedAfterRestore } from '../../src/audit/succession.ts';
import { type Checkpoint, openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { verifyConsistency, verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { openLedgerKey } from '../../src/ledger/signing-key.ts';
import { formatTilePath, tilesOf } from '../../src/ledger/tile.ts';
import { parseTlogProof } from '../../src/ledger/tlog-proof.ts';
import { parseAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { policyOf, startWitness } from '../support/witness.ts';

const origin = 'former.example/ledger';
const dir = mkdtempSync(join(tmpdir(), 'former-'));
const databases = await testDatabases();
const signer = await openLedgerKey(join(dir, 'keys'), origin, true);
const witness = await startWitness(policyOf(`log ${signer.key.text}`, 'quorum none'));
const [policyFile, keptFile, lastFile] = ['witnesses', 'kept', 'last'].map((name) => join(dir, name)) as [
  string,
  string,
  string,
];
let broker: TestBroker;
/** Checkpoints that an auditor kept: one of the beginning, the newest cosigned, and the last. */
let kept: Checkpoint;
let cosigned: Checkpoint;
let last: Checkpoint;

const get = (path: string, accept = 'text/plain') =>
  fetch(`${broker.issuer}${path}`, { headers: { accept } });
const text = async (path: string) => await (await get(path)).text();
const json = async (path: string) => await (await get(path, 'application/json')).json();
const open = (note: string) => openCheckpoint(note, { origin, logKeys: [signer.key] }, nodeCrypto);
const decode = (encoded: string) => Buffer.from(encoded, 'base64');
const grow = (count: number) => {
  const body = { kind: 'key.published', actor: 'operator', use: 'tokens', key: '{"kty":"EC"}' } as const;
  const { ledger } = broker.parts;
  const append = () => ledger.append({ req: newRequestId(), householdId: null, body });
  return Promise.all(Array.from({ length: count }, append));
};
const newest = async () => parseAddCheckpoint(await text('/v1/ledger/consistency?from=1')).note;

before(async () => {
  writeFileSync(policyFile, `witness w1 ${witness.key} ${witness.url}\nquorum w1\n`);
  const environment = {
    STABLEDOOR_LOG_ORIGIN: origin,
    STABLEDOOR_KEY_DIR: join(dir, 'keys'),
    STABLEDOOR_WITNESS_POLICY_FILE: policyFile,
  };
  broker = await testBroker({ databases, environment });
  const first = await newest();
  kept = await open(first);
  writeFileSync(keptFile, first);
  await grow(290);
  await broker.parts.witnessing?.runNow();
  cosigned = await open(await text('/ledger/checkpoint'));
  await witness.stop();
  await grow(20);
  const note = await newest();
  last = await open(note);
  writeFileSync(lastFile, note);
  const { config, stores, log, ledgerKeys } = broker.parts;
  const { mode, keyDir, headGuardFile } = config;
  const parts = { databaseUrl: stores.addresses.app, log, mode, ledgerKeys, keyDir, headGuardFile };
  await broker.leave();
  await succeedAfterRestore({ ...parts, witnesses: [] }, { isRestored: true });
  broker = await testBroker({ databases, again: broker, environment });
});
after(async () => {
  await broker.close();
  await databases.close();
  rmSync(dir, { recursive: true, force: true });
});

test('it has a prefix of its own, and the one without a number is of the log that goes on', async () => {
  const { logs } = (await json('/v1/ledger/logs')) as { logs: Record<string, unknown>[] };
  assert.deepEqual(
    logs.map((one) => [one.origin, one.in_force]),
    [
      [origin, false],
      [`${origin}-2`, true],
    ],
  );
  assert.equal(logs[0]?.prefix, `${broker.issuer}/ledger/logs/1`);
  assert.ok((await text('/ledger/checkpoint')).startsWith(`${origin}-2\n`));
});

test('its published checkpoint is the newest that its witnesses cosigned', async () => {
  const published = await open(await text('/ledger/logs/1/checkpoint'));
  assert.deepEqual(published.size, cosigned.size);
  assert.ok(kept.size < cosigned.size && cosigned.size < last.size);
});

test('growth from a checkpoint that was kept leads to its last one, in the words that a witness takes', async () => {
  for (const old of [kept, cosigned]) {
    const asked = parseAddCheckpoint(await text(`/v1/ledger/consistency?from=${old.size}&log=1`));
    const opened = await open(asked.note);
    assert.equal(opened.size, last.size);
    const roots = { root1: old.root, root2: opened.root };
    const claim = { size1: old.size, size2: opened.size, ...roots, proof: asked.proof };
    assert.equal(verifyConsistency(claim, sha256), true);
  }
  assert.equal((await get(`/v1/ledger/consistency?from=${last.size + 1}&log=1`)).status, 404);
});

test('an entry is proven under its last checkpoint, and under one that was kept', async () => {
  for (const size of [kept.size, cosigned.size, last.size]) {
    const leaf = decode((await json(`/v1/ledger/proof?index=0&size=${size}&log=1`)).leaf);
    const proof = parseTlogProof(await text(`/v1/ledger/proof?index=0&size=${size}&log=1`));
    const { root } = await open(proof.checkpoint);
    assert.equal(verifyInclusion({ index: 0, size, leaf, proof: proof.hashes, root }, sha256), true);
  }
});

test('every tile of every size that it signed is there, for good, and its entries are refused', async () => {
  for (const { size } of [kept, cosigned, last])
    for (const tile of tilesOf(size)) {
      const path = `/ledger/logs/1/${formatTilePath(tile)}`;
      const answer = await get(path, '*/*');
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
      assert.equal((await answer.arrayBuffer()).byteLength, tile.width * 32);
    }
  for (const bundle of ['000', '001.p/44', 'x001/234', 'nonsense']) {
    const answer = await get(`/ledger/logs/1/tile/entries/${bundle}`, '*/*');
    assert.equal(answer.status, 403, bundle);
  }
});

test('nothing can be written at its addresses', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
    for (const path of ['/ledger/logs/1/checkpoint', '/ledger/logs/1/tile/0/000', '/v1/ledger/logs']) {
      const { status } = await fetch(`${broker.issuer}${path}`, { method });
      assert.ok(status === 404 || status === 405, `${method} ${path}: ${status}`);
    }
});

const verify = (...args: string[]) =>
  stabledoor({}, ['ledger', 'verify', ...['--key', signer.key.text], '--json', ...args]);

test('who kept its first and its last checkpoint verifies both by command, though no witness saw the last', async () => {
  const url = `${broker.issuer}/ledger/logs/1`;
  const ran = await verify('--url', url, '--checkpoint', keptFile, lastFile, '--policy', policyFile);
  assert.equal(ran.code, 0, ran.err);
  const verdict = JSON.parse(ran.out);
  assert.deepEqual([verdict.origin, verdict.size], [origin, cosigned.size]);
  assert.deepEqual(verdict.compared, [kept.size, last.size]);
});

test('at the address of the log that goes on, whoever has the former key is told where the former one is', async () => {
  const ran = await verify('--url', broker.issuer);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /checkpoint of former\.example\/ledger-2.*\/v1\/ledger\/logs/);
});
