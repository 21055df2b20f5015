// A broker is killed between reading and recording: its number is in no entry, and after a restart it is, in `read.dropped`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { exportLog } from '../../src/ledger/export.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { dropReads, numberedNow, watchDroppedReads } from '../../src/metering/drop-reads.ts';
import { readsNumbered } from '../../src/metering/sources/embedded-source.ts';
import { listPolicies } from '../../src/policy/policy-store.ts';
import { type BareParty, bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';
import { secondBroker } from '../support/second-broker.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let party: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  party = await bareParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const parts = () => ({ ...broker.parts, numbered: () => readsNumbered(broker.parts.meterStore) });
const given = async () => (await numberedNow(parts())).number;
const droppedNumbers = async () =>
  (await allEntries(databases.app)).flatMap((entry) =>
    entry.kind === 'read.dropped' ? [Number(entry.store_read.split('/')[1])] : [],
  );

/** The head held, so that whoever has read the store waits before its entry. */
async function holdHead() {
  let free = () => {};
  const freed = new Promise<void>((done) => {
    free = done;
  });
  const owner = databases.open<never>(databases.urls.owner, 1);
  let held = () => {};
  const isHeld = new Promise<void>((done) => {
    held = done;
  });
  const holding = owner.transaction().execute(async (tx) => {
    await sql`select size from ledger.head where log_id = 1 for update`.execute(tx);
    held();
    await freed;
  });
  await isHeld;
  return async () => {
    free();
    await holding;
  };
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += 20) {
    assert.ok(waited < 20_000, what);
    await wait(20);
  }
}

async function verdict() {
  const { db, ledger } = broker.parts;
  const policies = await listPolicies(db, 1);
  return verifyLog(exportLog(db, { logId: 1, policies }), { ...nodeCrypto, keys: [ledger.verifierKey] });
}

test('a read whose broker was killed before its entry ends in read.dropped after the restart', async () => {
  const token = await bareToken(broker, party, home);
  const read = async () => await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' });
  assert.equal((await (await read())()).status, 200);
  const doomed = await secondBroker(broker);
  const before = await given();
  const release = await holdHead();
  const lost = (await read())(doomed.address).catch(() => null);
  await until(async () => (await given()) > before, 'the store numbers the read');
  process.kill(doomed.pid, 'SIGKILL');
  assert.equal(await lost, null, 'no answer');
  await release();
  const number = await given();
  const stop = await watchDroppedReads(parts(), 100);
  await until(async () => (await droppedNumbers()).length > 0, 'the number ends in an entry');
  await stop();
  assert.deepEqual(await droppedNumbers(), [number]);
  assert.equal((await (await read())()).status, 200, 'reads go on');
  const { violations, counts } = await verdict();
  assert.deepEqual(violations, []);
  assert.deepEqual(counts.storeReads, { numbered: number + 1, missing: 0, skippedAtRestart: 0 });
});

test('of several processes that account for the same reads one does, and no number gets two entries', async () => {
  const before = await given();
  for (let i = 0; i < 3; i++)
    await broker.parts.source.read({
      mpan: home.mpan,
      register: 'import',
      window: { from: '2026-01-01', to: '2026-01-02' } as never,
    });
  const upTo = await numberedNow(parts());
  const dropped = await Promise.all([1, 2, 3].map(() => dropReads(parts(), upTo)));
  assert.equal(
    dropped.reduce((sum, count) => sum + count, 0),
    3,
  );
  assert.equal(await dropReads(parts(), upTo), 0);
  assert.deepEqual((await droppedNumbers()).slice(-3), [before + 1, before + 2, before + 3]);
  const { violations, counts } = await verdict();
  assert.deepEqual(violations, []);
  assert.equal(counts.storeReads.missing, 0);
});

test('a read that is given up while it is under way releases nothing', async () => {
  const token = await bareToken(broker, party, home);
  const read = await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' });
  const number = (await given()) + 1;
  // As a process does that was told that this number came to nothing.
  await sql`select ledger.settle_store_reads(1::smallint, ${number}::bigint, 'x')`.execute(databases.app);
  const answer = await read();
  assert.equal(answer.status, 503);
  const body = await answer.json();
  assert.equal(body.code, 'meter_store_unavailable');
  assert.equal('readings' in body, false);
});
