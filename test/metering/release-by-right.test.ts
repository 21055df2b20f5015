// Reads that rest on no consent, over HTTP on a whole broker: by a supplier's licence and by a lawful order. Each is cut down to
// what was supplied or ordered, stands in the ledger, and the whole log verifies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eraseHousehold, requestErasure } from '../../src/audit/erasure.ts';
import { type OrderPayload, orderInput, prepareOrder, recordWithin } from '../../src/lawful/lawful-order.ts';
import { endSupply, recordOptOuts, recordSupply } from '../../src/lawful/supplies.ts';
import type { Supply } from '../../src/lawful/supply-store.ts';
import { tellOrders } from '../../src/lawful/tell-orders.ts';
import { findEvidence } from '../../src/ledger/find-evidence.ts';
import type { ClientId } from '../../src/lib/ids.ts';
import { addDays, addMonths, localDateAt } from '../../src/lib/local-date.ts';
import { replayDecision } from '../../src/policy/replay.ts';
import { suspendThirdParty } from '../../src/registry/registry.ts';
import type { BareParty } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries, type PlacedEntry } from '../support/entries.ts';
import { closedDay, type TestHome, testHome, testZone } from '../support/journey.ts';
import { moveClock } from '../support/move-clock.ts';
import { ownParty, ownToken, readByRight, readyGet } from '../support/own-access.ts';
import { assertVerifies } from '../support/verify-whole.ts';

const databases = await testDatabases();
let broker: TestBroker;
let supplier: BareParty;
let authority: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  supplier = await ownParty(broker, 'supplier');
  authority = await ownParty(broker, 'lawful-authority');
});
after(async () => {
  await broker.close();
  await databases.close();
});

const supplied = async (home: TestHome, party = supplier): Promise<Supply> =>
  await recordSupply(broker.parts, {
    clientId: party.clientId as ClientId,
    householdId: home.householdId,
    mpan: home.mpan,
    from: addMonths(localDateAt(broker.parts.clock.nowMs(), testZone), -3),
  });
const halfHours = () => ({ ...closedDay(broker), resolution: 'PT30M', purpose: 'settlement' });
const lastEntry = async (): Promise<PlacedEntry> => (await allEntries(broker.parts.db)).at(-1) as PlacedEntry;
const codeOf = async (answer: Response): Promise<[number, string]> => [
  answer.status,
  (await answer.json()).code,
];

async function ordered(home: TestHome, changes: Record<string, unknown> = {}): Promise<OrderPayload> {
  const { db, ledger, clock } = broker.parts;
  const { from, to } = closedDay(broker);
  const input = orderInput.parse({
    client_id: authority.clientId,
    instrument: 'court-order',
    authority: 'County Court at Example',
    reference: 'K01EX123',
    meter_points: [home.mpan],
    resolution: 'P1D',
    from,
    to,
    expires: new Date(clock.nowMs() + 86_400_000).toISOString(),
    ...changes,
  });
  const payload = await prepareOrder(db, clock.nowMs(), input);
  await db.transaction().execute(async (tx) => {
    await ledger.appendWithin(tx, await recordWithin(tx, ledger, payload, null));
  });
  return payload;
}
const rightsOf = async (party: BareParty, token: string, query = {}) =>
  await (await (await readyGet(broker, party, token, '/v1/rights', query))()).json();
const inDays = (days: number) => new Date(broker.parts.clock.nowMs() + days * 86_400_000).toISOString();

test('a supplier reads by its licence what it supplies, and the entry names the supply', async () => {
  const home = await testHome(broker, 4);
  const supply = await supplied(home);
  const token = await ownToken(broker, supplier);
  const answer = await readByRight(broker, supplier, token, supply.meterRef, halfHours());
  assert.equal(answer.status, 200);
  const body = await answer.json();
  assert.deepEqual(
    [body.supply_id, body.purpose, body.consent_id],
    [supply.supplyId, 'settlement', undefined],
  );
  assert.ok(body.readings.length >= 46);
  const entry = await lastEntry();
  assert.equal(body.ledger_entry.index, entry.index);
  assert.ok(entry.kind === 'disclosure' && entry.basis === 'licence' && entry.supply_ref === supply.supplyId);
  const evidence = await findEvidence({ ...broker.parts, ...broker.parts.ledger }, entry.index);
  assert.equal((evidence?.facts as { action?: string } | undefined)?.action, 'disclose-by-right');
  const replay = replayDecision(entry, evidence?.facts ?? null, broker.parts.policies.now().text);
  assert.ok(replay.replayed && replay.agrees, 'the decision can be made again');
});

test('what the household refuses is not read any more, and days are where half hours were', async () => {
  const home = await testHome(broker);
  const supply = await supplied(home);
  const token = await ownToken(broker, supplier);
  const read = (query: Record<string, string>) =>
    readByRight(broker, supplier, token, supply.meterRef, { ...halfHours(), ...query });
  assert.equal((await read({ purpose: 'service', resolution: 'P1D' })).status, 200);
  await recordOptOuts(broker.parts, home.householdId, ['service', 'settlement']);
  assert.deepEqual(await codeOf(await read({})), [403, 'opted_out']);
  const refusal = await lastEntry();
  assert.ok(refusal.kind === 'refusal' && refusal.basis === 'licence');
  assert.deepEqual(await codeOf(await read({ purpose: 'service', resolution: 'P1D' })), [403, 'opted_out']);
  assert.equal((await read({ resolution: 'P1D' })).status, 200);
  assert.equal((await read({ purpose: 'forecasting' })).status, 200);
  // Saying the same again is no entry, and thinking better of it is one.
  const before = (await lastEntry()).index;
  await recordOptOuts(broker.parts, home.householdId, ['settlement', 'service']);
  assert.equal((await lastEntry()).index, before);
  await recordOptOuts(broker.parts, home.householdId, []);
  assert.equal((await read({})).status, 200);
});

test('a new supply is refused what the household refuses already', async () => {
  const home = await testHome(broker);
  await supplied(home);
  await recordOptOuts(broker.parts, home.householdId, ['settlement']);
  const other = await ownParty(broker, 'supplier', {
    name: 'Southern Supply',
    registrationNumber: '7654321',
  });
  const supply = await supplied(home, other);
  assert.deepEqual(supply.optedOut, ['settlement']);
  const token = await ownToken(broker, other);
  assert.deepEqual(await codeOf(await readByRight(broker, other, token, supply.meterRef, halfHours())), [
    403,
    'opted_out',
  ]);
});

test('a supply that is over, a purpose that no licence covers and what a bill does not need are refused', async () => {
  const home = await testHome(broker);
  const supply = await supplied(home);
  const token = await ownToken(broker, supplier);
  const read = (query: Record<string, string>) =>
    readByRight(broker, supplier, token, supply.meterRef, { ...halfHours(), ...query });
  assert.deepEqual(await codeOf(await read({ purpose: 'billing' })), [403, 'finer_than_class_allows']);
  assert.deepEqual(await codeOf(await read({ purpose: 'marketing' })), [400, 'invalid_request']);
  const { purpose: _, ...unsaid } = halfHours();
  const silent = await readByRight(broker, supplier, token, supply.meterRef, unsaid);
  assert.deepEqual(await codeOf(silent), [400, 'invalid_request']);
  await endSupply(broker.parts, supply.supplyId);
  assert.deepEqual(await codeOf(await read({})), [403, 'right_not_in_force']);
  await assert.rejects(endSupply(broker.parts, supply.supplyId), { code: 'not_found' });
});

test('a name of another supplier’s, a token of another scope and one that was revoked read nothing', async () => {
  const home = await testHome(broker);
  const supply = await supplied(home);
  const other = await ownParty(broker, 'supplier', { name: 'Western Supply', registrationNumber: '1112223' });
  const theirs = await ownToken(broker, other);
  assert.deepEqual(await codeOf(await readByRight(broker, other, theirs, supply.meterRef, halfHours())), [
    404,
    'meter_point_unknown',
  ]);
  const weak = await ownToken(broker, supplier, 'consents:read');
  assert.deepEqual(await codeOf(await readByRight(broker, supplier, weak, supply.meterRef, halfHours())), [
    403,
    'insufficient_scope',
  ]);
  const token = await ownToken(broker, supplier);
  const ready = await readyGet(
    broker,
    supplier,
    token,
    `/v1/meter-points/${supply.meterRef}/readings`,
    halfHours(),
  );
  const revoked = await fetch(`${broker.issuer}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams(await supplier.rp.tokenForm(token)),
  });
  assert.equal(revoked.status, 200);
  assert.deepEqual(await codeOf(await ready()), [401, 'invalid_token']);
});

test('opting out and ending a supply race reads: nothing is read after the entry that says so', async () => {
  const home = await testHome(broker);
  const supply = await supplied(home);
  const token = await ownToken(broker, supplier);
  const path = `/v1/meter-points/${supply.meterRef}/readings`;
  const ready = await Promise.all(
    Array.from({ length: 60 }, () => readyGet(broker, supplier, token, path, halfHours())),
  );
  const statuses = new Set<number>();
  await Promise.all([
    ...ready.map(async (send, i) => {
      await new Promise((done) => setTimeout(done, i * 3));
      statuses.add((await send()).status);
    }),
    new Promise((done) => setTimeout(done, 60)).then(() =>
      recordOptOuts(broker.parts, home.householdId, ['settlement']),
    ),
    new Promise((done) => setTimeout(done, 110)).then(() => endSupply(broker.parts, supply.supplyId)),
  ]);
  assert.ok(
    [...statuses].every((status) => status === 200 || status === 403),
    [...statuses].join(),
  );
  const ours = (await allEntries(broker.parts.db)).filter(
    (entry) => 'supply_ref' in entry && entry.supply_ref === supply.supplyId,
  );
  const optedOut = ours.find(({ kind }) => kind === 'opt-out.recorded')?.index ?? 0;
  assert.ok(optedOut > 0);
  for (const { kind, index } of ours) if (kind === 'disclosure') assert.ok(index < optedOut);
});

test('an authority reads as ordered and no more, and the household is told of it at once', async () => {
  const home = await testHome(broker);
  const order = await ordered(home);
  const token = await ownToken(broker, authority);
  const { rights } = await rightsOf(authority, token);
  const [right] = rights.filter((one: { order_id?: string }) => one.order_id === order.order_id);
  assert.deepEqual([right.meter_point, right.resolution, right.basis], [home.mpan, 'P1D', 'order']);
  const { from, to } = closedDay(broker);
  const read = (query: Record<string, string>) =>
    readByRight(broker, authority, token, right.id, { from, to, resolution: 'P1D', ...query });
  const answer = await read({});
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).order_id, order.order_id);
  const disclosure = await lastEntry();
  assert.ok(disclosure.kind === 'disclosure' && disclosure.basis === 'order');
  assert.deepEqual(await codeOf(await read({ resolution: 'PT30M' })), [403, 'outside_right']);
  assert.deepEqual(await codeOf(await read({ from: addDays(from as never, -1) })), [403, 'outside_right']);
  assert.deepEqual(await codeOf(await read({ register: 'export' })), [403, 'outside_right']);
  assert.equal(await tellOrders(broker.parts), 1);
  const told = (await allEntries(broker.parts.db)).filter(({ kind }) => kind === 'lawful-order.opened');
  assert.equal(told.length, 2, 'in the chain of the household and in its own');
  const theirs = await findEvidence({ ...broker.parts, ...broker.parts.ledger }, told[0]?.index ?? 0);
  assert.deepEqual((theirs?.order as { entries?: number[] } | undefined)?.entries, [disclosure.index]);
  assert.equal(await tellOrders(broker.parts), 0, 'once');
  assert.equal((await read({})).status, 200);
  assert.equal(await tellOrders(broker.parts), 1, 'what is read afterwards is told of as well');
});

test('a secret order ties nothing to the household before its day, and expires', async () => {
  const home = await testHome(broker);
  const before = await broker.parts.db
    .selectFrom('subject.entry')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('household_id', '=', home.householdId)
    .executeTakeFirstOrThrow();
  const order = await ordered(home, { opens: inDays(30), expires: inDays(2) });
  const token = await ownToken(broker, authority);
  const { rights } = await rightsOf(authority, token);
  const { id } = rights.find((one: { order_id?: string }) => one.order_id === order.order_id);
  const query = { ...closedDay(broker), resolution: 'P1D' };
  assert.equal((await readByRight(broker, authority, token, id, query)).status, 200);
  assert.equal(await tellOrders(broker.parts), 0);
  const since = await broker.parts.db
    .selectFrom('subject.entry')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('household_id', '=', home.householdId)
    .executeTakeFirstOrThrow();
  assert.deepEqual(since, before);
  await moveClock(broker.parts.db, 3 * 86_400_000);
  await broker.parts.clock.refresh();
  const later = await ownToken(broker, authority);
  assert.deepEqual(await codeOf(await readByRight(broker, authority, later, id, query)), [
    403,
    'right_not_in_force',
  ]);
  await moveClock(broker.parts.db, 28 * 86_400_000);
  await broker.parts.clock.refresh();
  assert.equal(await tellOrders(broker.parts), 1);
  const opened = (await allEntries(broker.parts.db)).filter(
    (entry) => entry.kind === 'lawful-order.opened' && entry.order_ref === order.order_id,
  );
  assert.equal(opened.length, 2);
});

test('who is no authority gets no order, and an order names meter points that are known, few days and an end', async () => {
  const home = await testHome(broker, 1);
  const refuses = (changes: Record<string, unknown>, code = 'invalid_request') =>
    assert.rejects(ordered(home, changes), { code }, JSON.stringify(changes));
  await refuses({ client_id: supplier.clientId });
  await refuses({ meter_points: ['9999999999999'] }, 'not_found');
  await refuses({ meter_points: [home.mpan, home.mpan] });
  await refuses({ from: '2020-01-01', to: '2026-01-01' });
  await refuses({ expires: inDays(-1) });
  await refuses({ expires: inDays(400) });
  await refuses({ opens: inDays(800) });
  assert.throws(() => orderInput.parse({ meter_points: Array.from({ length: 11 }, (_, i) => String(i)) }));
  await assert.rejects(supplied(home, authority), { code: 'invalid_request' });
});

test('a supplier that is suspended reads nothing, and a household that is erased leaves no supply', async () => {
  const home = await testHome(broker);
  const party = await ownParty(broker, 'supplier', { name: 'Eastern Supply', registrationNumber: '998877' });
  const supply = await supplied(home, party);
  const token = await ownToken(broker, party);
  const first = await readyGet(
    broker,
    party,
    token,
    `/v1/meter-points/${supply.meterRef}/readings`,
    halfHours(),
  );
  await suspendThirdParty({ ...broker.parts }, party.clientId as ClientId, 'struck off');
  assert.deepEqual(await codeOf(await first()), [403, 'third_party_suspended']);
  await requestErasure(broker.parts, home.householdId, { askedBy: 'householder', now: true });
  await eraseHousehold(broker.parts, home.householdId);
  const left = await broker.parts.db
    .selectFrom('lawful.supply')
    .select('supply_id')
    .where('supply_id', '=', supply.supplyId)
    .execute();
  assert.deepEqual(left, []);
});

test('the log of all this verifies', async () => {
  await assertVerifies(databases.audit, broker.parts.ledger.verifierKey);
});
