// Proofs and tiles by the real command, on the log of a broker that runs beside it.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { verifyConsistency, verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { parseTlogProof } from '../../src/ledger/tlog-proof.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import { parseAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
const top = await mkdtemp(join(tmpdir(), 'stabledoor-tiles-'));
let broker: TestBroker;
before(async () => {
  broker = await testBroker({ databases });
  const { ledger } = broker.parts;
  const key = { kind: 'key.published', actor: 'operator', use: 'tokens', key: '{"kty":"EC"}' } as const;
  for (let i = 0; i < 3; i++) await ledger.append({ req: newRequestId(), householdId: null, body: key });
});
after(async () => {
  await broker.close();
  await databases.close();
  await rm(top, { recursive: true });
});

const run = (...args: string[]) => stabledoor(broker.environment, ['ledger', ...args]);
const decode = (text: string) => Buffer.from(text, 'base64');
const open = (note: string) => {
  const { origin, verifierKey } = broker.parts.ledger;
  return openCheckpoint(note, { origin, logKeys: [parseVerifierKey(verifierKey, sha256)] }, nodeCrypto);
};

test('ledger proof prints a proof file', async () => {
  const { code, out, err } = await run('proof', '1');
  assert.deepEqual([code, err], [0, '']);
  const proof = parseTlogProof(out);
  const { size, root } = await open(proof.checkpoint);
  const asJson = { headers: { accept: 'application/json' } };
  const body = await (await fetch(`${broker.issuer}/v1/ledger/proof?index=1`, asJson)).json();
  assert.equal(
    verifyInclusion({ index: 1, size, leaf: decode(body.leaf), proof: proof.hashes, root }, sha256),
    true,
  );
});

test('ledger consistency prints what a witness is sent, and JSON where it is asked for', async () => {
  const asked = parseAddCheckpoint((await run('consistency', '2')).out);
  const newest = await open(asked.note);
  const { out } = await run('consistency', '2', String(newest.size), '--json');
  const { from_root } = JSON.parse(out);
  const claim = { size1: 2, size2: newest.size, root1: decode(from_root), root2: newest.root };
  assert.equal(verifyConsistency({ ...claim, proof: asked.proof }, sha256), true);
});

test('ledger tiles fills one folder with hashes and another with entries', async () => {
  const [out, entries] = [join(top, 'public'), join(top, 'entries')];
  const ran = await run('tiles', '--out', out, '--entries', entries, '--json');
  assert.deepEqual([ran.code, ran.err], [0, '']);
  const [secret, open] = JSON.parse(ran.out);
  assert.deepEqual([secret.holds, open.holds, open.written], ['entries', 'hashes', 1]);
  assert.deepEqual(await readdir(join(out, 'tile')), ['0']);
  assert.deepEqual(await readdir(join(entries, 'tile')), ['entries']);
  const served = await fetch(`${broker.issuer}/ledger/checkpoint`).then((res) => res.text());
  assert.equal(await readFile(join(out, 'checkpoint'), 'utf8'), served);
  assert.match((await run('tiles', '--out', out)).out, /0 files written, 1 were there and the same/);
});

test('wrong usage is refused before anything is opened', async () => {
  for (const args of [
    ['proof', 'x'],
    ['proof', '-1'],
    ['proof', '0', '--size', '01'],
    ['consistency', '1e3'],
    ['tiles'],
    ['tiles', '--out', top, '--entries', join(top, 'inside')],
    ['tiles', '--out', join(top, 'inside'), '--entries', top],
    ['tiles', '--out', top, '--entries', top],
  ])
    assert.equal((await run(...args)).code, 2, args.join(' '));
});

test('what lies beyond the ledger is a failure in words', async () => {
  const { code, err } = await run('proof', '99999');
  assert.equal(code, 1);
  assert.match(err, /The ledger has \d+ entries/);
});
