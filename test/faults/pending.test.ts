// P2: a stop that could not be written as an entry waits, and nothing that waits with it keeps it from being written.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import type { AppendRequest } from '../../src/ledger/ledger.ts';
import { countPending } from '../../src/ledger/ledger-store.ts';
import { type HouseholdId, newId, newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { frozenConnection } from '../support/frozen-connection.ts';
import { type TestLedger, testLedger } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { wholeLog } from '../support/whole-log.ts';

const databases = await testDatabases();
let ledger: TestLedger = await testLedger(databases);
const { signer } = ledger;
after(async () => {
  await ledger.close();
  await databases.close();
});

const stopped = (householdId: HouseholdId): AppendRequest => ({
  req: newRequestId(),
  householdId,
  body: {
    kind: 'consent.stopped',
    actor: 'householder',
    consent_ref: newId('consent'),
    version: 1,
    third_party: newId('client'),
  },
});

const keep = (...requests: AppendRequest[]) =>
  databases.app.transaction().execute(async (tx) => {
    for (const request of requests) await ledger.appendPending(tx, request);
  });

async function untilWritten(withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  while ((await countPending(databases.app, 1)) > 0) {
    assert.ok(performance.now() < until, 'pending entries still wait');
    await wait(50);
  }
}

const reqsOf = async () => (await allEntries(databases.app)).map(({ req }) => req);

test('an idle ledger writes what is pending within a second or so, in the order in which it came', async () => {
  const household = await ledger.household();
  const stops = Array.from({ length: 5 }, () => stopped(household));
  await keep(...stops);
  await untilWritten(2500);
  assert.deepEqual(
    (await reqsOf()).slice(-5),
    stops.map(({ req }) => req),
  );
});

test('a ledger that is opened writes at once what was pending', async () => {
  const stop = stopped(await ledger.household());
  await ledger.close();
  await keep(stop);
  ledger = await testLedger(databases, { signer });
  await untilWritten(900);
  assert.equal((await reqsOf()).at(-1), stop.req);
});

test('one whose household has no key any more is written without a tag, and holds up no other', async () => {
  const [gone, here] = [await ledger.household(), await ledger.household()];
  const stops = [stopped(gone), stopped(here)];
  const keys = databases.open<{ 'subject.key': { household_id: string } }>(databases.urls.subjectKeys, 1);
  await keys.deleteFrom('subject.key').where('household_id', '=', gone).execute();
  await keep(...stops);
  await untilWritten(2500);
  const { entries } = await wholeLog(databases.app, signer.key);
  const tags = entries.slice(-2).map((text) => /^stag (.*)$/m.exec(text)?.[1]);
  assert.equal(tags[0], '-');
  assert.match(tags[1] ?? '', /^[A-Za-z0-9+/]{43}=$/);
});

test('one that is in the log already, because its commit was answered too late, is dropped and breaks no batch', async () => {
  const stop = stopped(await ledger.household());
  await ledger.append(stop);
  await keep(stop);
  const receipt = await ledger.append(linked(await ledger.household()));
  assert.equal(receipt.outcome, 'allowed');
  assert.equal(await countPending(databases.app, 1), 0);
  assert.equal((await reqsOf()).filter((req) => req === stop.req).length, 1);
});

test('a key store that hangs keeps the stops of its households waiting, and no other entry for long', async () => {
  const household = await ledger.household();
  const relay = await frozenConnection(databases.urls.subjectKeys);
  await ledger.close();
  const urls = { ...databases.urls, subjectKeys: relay.url };
  ledger = await testLedger({ ...databases, urls }, { signer });
  const known = await ledger.household();
  await ledger.append(linked(known));
  relay.freeze(true);
  const stop = stopped(household);
  await keep(stop);
  const began = performance.now();
  await ledger.append(linked(known));
  assert.ok(performance.now() - began < 1500);
  assert.equal(await countPending(databases.app, 1), 1);
  relay.thaw();
  await untilWritten(6000);
  await ledger.close();
  await relay.close();
  ledger = await testLedger(databases, { signer });
});

test('the application cannot take a pending entry away', async () => {
  await assert.rejects(sql`delete from ledger.pending`.execute(databases.app), /permission denied/);
});
