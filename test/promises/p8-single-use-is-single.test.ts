// P8: a code, a request_uri, an assertion and a proof each succeed once, under any concurrency, in any process.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type BareParty,
  bareCode,
  bareParty,
  bareToken,
  postForm,
  readyRead,
  redeem,
  tokenOf,
} from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, recentWindow, type TestHome, testHome } from '../support/journey.ts';
import { type SecondBroker, secondBroker } from '../support/second-broker.ts';
import { newPkce } from '../support/third-party.ts';

const databases = await testDatabases();
let broker: TestBroker;
let second: SecondBroker;
let home: TestHome;
let party: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  party = await bareParty(broker);
  second = await secondBroker(broker);
});
after(async () => {
  await second.close();
  await broker.close();
  await databases.close();
});

/** `attempts` at once, in turn on the two processes; the statuses they were answered with. */
async function race(
  attempts: number,
  attempt: (address: string) => Promise<Response>,
): Promise<Map<number, number>> {
  const answers = await Promise.all(
    Array.from({ length: attempts }, (_, i) => attempt(i % 2 === 0 ? broker.issuer : second.address)),
  );
  const statuses = new Map<number, number>();
  for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  return statuses;
}

test('50 redemptions of one code: one success', async () => {
  const code = await bareCode(broker, party, home);
  const statuses = await race(50, (address) => redeem(party, broker.issuer, code, address));
  assert.deepEqual([...statuses].sort(), [
    [200, 1],
    [400, 49],
  ]);
});

test('a code redeemed again revokes what its first use gave', async () => {
  const code = await bareCode(broker, party, home);
  const token = await tokenOf(await redeem(party, broker.issuer, code));
  const read = async () =>
    (await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' }))();
  assert.equal((await read()).status, 200);
  assert.equal((await redeem(party, broker.issuer, code)).status, 400);
  assert.equal((await read()).status, 401);
});

test('20 uses of one client assertion: one success', async () => {
  const detail = {
    type: 'meter_readings',
    purpose: 'energy-advice',
    fuels: ['electricity'],
    resolution: 'P1D',
    ...recentWindow(broker),
  };
  const form = await party.rp.pushForm(detail, newPkce());
  const statuses = await race(20, (address) => postForm(`${address}/oauth/par`, form));
  assert.equal(statuses.get(201), 1);
  assert.equal(statuses.get(401), 19);
});

test('20 reads with one proof: one success, and one entry', async () => {
  const token = await bareToken(broker, party, home);
  const read = await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' });
  const before = (await allEntries(databases.app)).length;
  const statuses = await race(20, read);
  assert.deepEqual([...statuses].sort(), [
    [200, 1],
    [401, 19],
  ]);
  assert.equal((await allEntries(databases.app)).length, before + 1);
});

test('20 answers to one request: one consent, one code', async () => {
  const detail = {
    type: 'meter_readings',
    purpose: 'energy-advice',
    fuels: ['electricity'],
    resolution: 'P1D',
    ...recentWindow(broker),
  };
  const pushed = await postForm(`${broker.issuer}/oauth/par`, await party.rp.pushForm(detail, newPkce()));
  const { request_uri } = await pushed.json();
  const body = JSON.stringify({
    request_uri,
    client_id: party.clientId,
    household: home.email,
    decision: 'share',
  });
  const headers = { 'content-type': 'application/json' };
  const statuses = await race(20, (address) =>
    fetch(`${address}/sandbox/decisions`, { method: 'POST', headers, body }),
  );
  assert.equal(statuses.get(200), 1);
  assert.equal(
    [...statuses.keys()].some((status) => status >= 500),
    false,
    JSON.stringify([...statuses]),
  );
});
