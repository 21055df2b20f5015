// The broker collecting cosignatures for a real log from real witnesses over HTTP.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, test } from 'node:test';
import { sql } from 'kysely';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { splitNote } from '../../src/ledger/note.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { proveConsistency } from '../../src/ledger/proofs.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { newestWitnessed } from '../../src/ledger/witnessed-store.ts';
import { openWitnessing, type Witnessing, type WitnessingParts } from '../../src/ledger/witnessing.ts';
import { openWriteGate } from '../../src/ledger/write-gate.ts';
import { settableClock } from '../../src/lib/clock.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { quietLogger, testLedger, testOrigin } from '../support/ledger.ts';
import { policyOf, startWitness, type TestWitness, testTree, wallClock } from '../support/witness.ts';

const signer = noteSigner(testOrigin, new Uint8Array(32).fill(1));
const logs = policyOf(`log ${signer.key.text}`, 'quorum none');
const databases = await testDatabases();
const gate = openWriteGate();
const ledger = await testLedger(databases, { signer, gate });
const household = await ledger.household();
const closing: (() => Promise<void>)[] = [];
const witnessings: Witnessing[] = [];
afterEach(async () => {
  for (const witnessing of witnessings.splice(0)) await witnessing.close();
});
after(async () => {
  for (const close of closing.reverse()) await close();
  await ledger.close();
  await databases.close();
});

const append = () =>
  ledger.append({
    req: newRequestId(),
    householdId: household,
    body: { kind: 'meter-point.linked', actor: 'operator' },
    personal: { meter_point: '1012345678901' },
  });
const grow = (count: number) => Promise.all(Array.from({ length: count }, append));
const size = async () => (await latestCheckpoint(databases.app, 1))?.size ?? 0;

let next = 0;
async function witness(options: Parameters<typeof startWitness>[1] = {}): Promise<TestWitness> {
  next++;
  const started = await startWitness(logs, { name: `w${next}.example`, seed: 20 + next, ...options });
  closing.push(() => started.stop());
  return started;
}
/** A witness that takes the question and never answers. */
async function silent(): Promise<{ url: string; key: string; questions: () => number }> {
  let questions = 0;
  const server = createServer(() => {
    questions++;
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const mute = await witness();
  await mute.stop();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: mute.key,
    questions: () => questions,
  };
}

type Reachable = Pick<TestWitness, 'key' | 'url'>;
const quorum = (k: string, ...witnesses: Reachable[]) =>
  policyOf(
    `log ${signer.key.text}`,
    ...witnesses.flatMap(({ key, url }, i) => [
      `# run-by w${i} Regulator ${i}`,
      `witness w${i} ${key} ${url}`,
    ]),
    `group all-of-them ${k} ${witnesses.map((_, i) => `w${i}`).join(' ')}`,
    'quorum all-of-them',
  );

const partsOf = (
  policy: WitnessingParts['policy'],
  bend: Partial<WitnessingParts> = {},
): WitnessingParts => ({
  db: databases.app,
  logId: 1,
  origin: testOrigin,
  logKeys: () => [signer.key],
  policy,
  mustNeedOutsider: true,
  clock: wallClock,
  logger: quietLogger,
  gate,
  consistencyProof: async (from, to) => (await proveConsistency(databases.app, 1, from, to)).hashes,
  ...bend,
  // One round begins by itself; the others when the test says so.
  limits: { intervalMs: 3_600_000, timeoutMs: 2000, ...bend.limits },
});
async function open(...args: Parameters<typeof partsOf>): Promise<Witnessing> {
  const opened = await openWitnessing(partsOf(...args));
  witnessings.push(opened);
  return opened;
}
const forget = () => sql`delete from ledger.witnessed`.execute(databases.owner);

async function newest(witnesses: readonly Reachable[], policy = quorum('any', ...witnesses)) {
  const kept = await newestWitnessed(databases.app, 1);
  assert.ok(kept);
  const witnessKeys = policy.witnesses.map(({ key }) => key);
  return await openCheckpoint(
    kept.note,
    { origin: testOrigin, logKeys: [signer.key], witnessKeys },
    nodeCrypto,
  );
}

test('the newest checkpoint is cosigned by enough, stored with their lines, and grown from by proof', async () => {
  const [a, b] = [await witness(), await witness()];
  const witnessing = await open(quorum('all', a, b));
  for (const count of [3, 1, 300, 40]) {
    await grow(count);
    await witnessing.runNow();
    await witnessing.runNow();
    const opened = await newest([a, b]);
    assert.equal(opened.size, await size());
    assert.equal(opened.signatures.length, 3);
  }
  assert.deepEqual(witnessing.status().problems, []);
  assert.equal(witnessing.status().size, await size());
  assert.equal(witnessing.status().lagMs, 0);
});

test('an export carries each cosigned checkpoint at its place, and verification says what was witnessed and when', async () => {
  const a = await witness();
  const witnessing = await open(quorum('all', a));
  await grow(2);
  await witnessing.runNow();
  const seen = await size();
  await grow(3);
  const lines = exportLog(databases.app, { logId: 1, policies: [], to: 'newest' });
  const verdict = await verifyLog(lines, { ...nodeCrypto, keys: [signer.key.text, a.key] });
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.size, seen + 3);
  assert.equal(verdict.witnessed?.size, seen);
  assert.equal(verdict.counts.timesNotWitnessed, 0);
  assert.match(verdict.unproven.join(' '), new RegExp(`entries from ${seen} on, which no witness`));
  await witnessing.runNow();
  const after = exportLog(databases.app, { logId: 1, policies: [], to: 'newest' });
  const whole = await verifyLog(after, { ...nodeCrypto, keys: [signer.key.text, a.key] });
  assert.deepEqual([whole.violations, whole.witnessed?.size], [[], seen + 3]);
});

test('a checkpoint that too few cosigned is not published; one that enough did does not wait for the rest', async () => {
  await forget();
  const [a, mute] = [await witness(), await silent()];
  const both = await open(quorum('all', a, mute), { limits: { timeoutMs: 150 } });
  await grow(2);
  await both.runNow();
  assert.equal(await newestWitnessed(databases.app, 1), null);
  assert.match(both.status().problems[0]?.why ?? '', /in time/);
  const either = await open(quorum('any', a, mute), { limits: { timeoutMs: 600 } });
  const round = either.runNow();
  for (let i = 0; i < 100 && (await newestWitnessed(databases.app, 1)) === null; i++)
    await new Promise((done) => setTimeout(done, 10));
  assert.equal((await newest([a])).size, await size());
  const before = performance.now();
  await append();
  assert.ok(performance.now() - before < 1000, 'an append waited for a witness');
  await round;
});

test('a broker that has forgotten what the witnesses know asks them, and goes on from there', async () => {
  const a = await witness();
  const policy = quorum('all', a);
  await (await open(policy)).runNow();
  await grow(5);
  await forget();
  const again = await open(policy);
  await again.runNow();
  assert.deepEqual(again.status().problems, []);
  assert.equal((await newest([a])).size, await size());
});

test('a log that stands still is witnessed anew only after a while, with a fresh time', async () => {
  await forget();
  const a = await witness();
  const clock = settableClock(Date.now());
  const witnessing = await open(quorum('all', a), { clock, limits: { heartbeatMs: 60_000 } });
  await witnessing.runNow();
  const first = await newestWitnessed(databases.app, 1);
  await new Promise((done) => setTimeout(done, 1100));
  await witnessing.runNow();
  assert.deepEqual(await newestWitnessed(databases.app, 1), first);
  clock.advance(61_000);
  await witnessing.runNow();
  const second = await newestWitnessed(databases.app, 1);
  assert.equal(second?.size, first?.size);
  assert.notEqual(second?.note, first?.note);
  assert.equal(splitNote(second?.note ?? '').signatures.length, 2);
});

test('an alarm is raised when the witnesses are late, and the log stops only where it was told to', async () => {
  await forget();
  await append();
  const mute = await silent();
  const clock = settableClock(Date.now());
  const patient = await open(quorum('all', mute), { clock, limits: { timeoutMs: 100 } });
  await patient.runNow();
  assert.equal(patient.status().isLate, false);
  clock.advance(61_000);
  await patient.runNow();
  assert.equal(patient.status().isLate, true);
  assert.ok(patient.status().lagMs > 60_000);
  clock.advance(86_400_000);
  await patient.runNow();
  assert.equal(gate.whyShut(), null);

  await forget();
  const strict = await open(quorum('all', mute), { clock, limits: { timeoutMs: 100, stopAfterMs: 900_000 } });
  await strict.runNow();
  assert.match(gate.whyShut() ?? '', /late/);
  await assert.rejects(
    append(),
    (error) => error instanceof StabledoorError && error.code === 'ledger_unavailable',
  );
  const before = await size();
  // What must not be refused is kept, and is the first thing written when the gate opens.
  const kept = { kind: 'read.dropped', actor: 'broker', store_read: '1700000000/1' } as const;
  await databases.app
    .transaction()
    .execute((tx) => ledger.appendPending(tx, { req: newRequestId(), householdId: null, body: kept }));
  await new Promise((done) => setTimeout(done, 1200));
  assert.equal(await size(), before, 'something was written through a shut gate');
  gate.open('witnessing');
  assert.equal((await append()).index, before + 1);
});

test('witnesses that answer nonsense are passed over, and none of it is kept', async () => {
  await forget();
  const answers: { status: number; body: string }[] = [
    { status: 200, body: '' },
    { status: 200, body: 'nonsense' },
    { status: 200, body: `\u2014 liar.example ${'A'.repeat(100)}=\n` },
    { status: 409, body: '999999999\n' },
    { status: 409, body: '-1\n' },
    { status: 409, body: '0\n' },
    { status: 500, body: 'x'.repeat(1_000_000) },
  ];
  let answer = answers[0] as (typeof answers)[0];
  const server = createServer((_request, response) => {
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const [good, other] = [await witness(), await witness()];
  const liar = { key: other.key, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const witnessing = await open(quorum('any', good, liar));
  for (answer of answers) {
    await append();
    await witnessing.runNow();
    await witnessing.runNow();
    assert.equal((await newest([good])).size, await size());
    assert.deepEqual(
      witnessing.status().problems.map((problem) => problem.witness),
      ['w1'],
      JSON.stringify(answer).slice(0, 100),
    );
  }
  // A lie alone shuts no gate: only a checkpoint that this log signed proves anything against it.
  assert.equal(gate.whyShut(), null);
});

test('a database set back behind what a witness holds writes nothing any more, and says so at its start', async () => {
  const a = await witness();
  // What the same key signed in a life that this database knows nothing of.
  const tree = testTree(testOrigin);
  const ahead = (await size()) + 5;
  assert.equal((await a.submit(tree.request(0, ahead))).status, 200);
  const own = openWriteGate();
  const witnessing = await open(quorum('all', a), { gate: own });
  assert.match(
    own.whyShut() ?? '',
    new RegExp(`set back: witness w0 holds a checkpoint of ${ahead} entries`),
  );
  assert.equal(witnessing.status().contradiction, own.whyShut());
});

test('a database with another history than a witness holds writes nothing any more', async () => {
  const a = await witness();
  const tree = testTree(testOrigin);
  assert.equal((await a.submit(tree.request(0, 5))).status, 200);
  const own = openWriteGate();
  const witnessing = await open(quorum('all', a), { gate: own, limits: { heartbeatMs: 0 } });
  assert.match(own.whyShut() ?? '', /not the one that was witnessed: witness w0/);
  await witnessing.runNow();
  assert.match(witnessing.status().problems[0]?.why ?? '', /answered 422/);
});

test('two brokers of one log share the witnesses without getting in each other’s way', async () => {
  await forget();
  const [a, b] = [await witness(), await witness()];
  const policy = quorum('all', a, b);
  const brokers = [await open(policy), await open(policy)];
  for (let i = 0; i < 5; i++) {
    await Promise.all([grow(3), ...brokers.map((broker) => broker.runNow())]);
    await forget();
    await grow(1);
  }
  await brokers[0]?.runNow();
  assert.equal((await newest([a, b])).size, await size());
});

test('the interval runs by itself and ends with the broker', async () => {
  await forget();
  const a = await witness();
  const witnessing = await open(quorum('all', a), { limits: { intervalMs: 50 } });
  await grow(2);
  const target = await size();
  for (let i = 0; i < 100 && (await newestWitnessed(databases.app, 1))?.size !== target; i++)
    await new Promise((done) => setTimeout(done, 20));
  assert.equal((await newestWitnessed(databases.app, 1))?.size, target);
  await witnessing.close();
  await grow(1);
  await new Promise((done) => setTimeout(done, 200));
  assert.equal((await newestWitnessed(databases.app, 1))?.size, target);
});

test('a policy of other logs, that cannot be met, or that the operator could meet alone, is refused', async () => {
  const a = await witness();
  const refused = (why: RegExp, policy: WitnessingParts['policy'], must = true) =>
    assert.rejects(openWitnessing(partsOf(policy, { mustNeedOutsider: must })), why);
  const other = noteSigner('other.example/log', new Uint8Array(32).fill(3)).key.text;
  await refused(/of other logs/, policyOf(`log ${other}`, `witness w ${a.key} ${a.url}`, 'quorum w'));
  await refused(/cannot be met/, policyOf(`witness w ${a.key}`, 'quorum w'), false);
  const alone = policyOf(`witness w ${a.key} ${a.url}`, 'quorum w');
  await refused(/by the operator alone/, alone);
  await refused(/by the operator alone/, policyOf('quorum none'));
  await open(alone, { mustNeedOutsider: false });
});
