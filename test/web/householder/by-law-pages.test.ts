// What a household sees of reads without its consent, and how it refuses what it may refuse.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { orderInput, prepareOrder, recordWithin } from '../../../src/lawful/lawful-order.ts';
import { recordSupply } from '../../../src/lawful/supplies.ts';
import { listCurrentSupplies } from '../../../src/lawful/supply-store.ts';
import { tellOrders } from '../../../src/lawful/tell-orders.ts';
import { type ClientId, newRequestId } from '../../../src/lib/ids.ts';
import { localDate } from '../../../src/lib/local-date.ts';
import { allEntries } from '../../support/entries.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { type TestHousehold, testHousehold } from '../../support/household.ts';
import { householderPages, signIn, textOf, visitor } from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
const pages = householderPages(broker);
const { ledger, clock } = broker;
const parts = { db: broker.databases.app, ledger, clock };
after(() => broker.close());

const mpanOf = (home: TestHousehold) => home.meterPoints[0]?.mpan ?? '';
async function supplied(home: TestHousehold) {
  const { thirdParty } = await broker.thirdParty({
    name: 'Northern Supply',
    class: 'supplier',
    purposes: ['billing', 'settlement', 'service', 'forecasting'],
  });
  const { householdId } = home;
  const clientId = thirdParty.clientId as ClientId;
  return await recordSupply(parts, {
    clientId,
    householdId,
    mpan: mpanOf(home),
    from: localDate('2026-01-01'),
  });
}
async function signedIn(home: TestHousehold) {
  const who = visitor(pages.app);
  await signIn(who, home.email);
  return who;
}

test('a home without a supplier says so, and offers nothing to refuse', async () => {
  const who = await signedIn(await testHousehold(parts));
  const page = await who.get('/consents');
  assert.match(textOf(page), /By law No supplier of your home is known here/);
  assert.doesNotMatch(page.text, /name="refuse"/);
});

test('the supplier is named, what it looked at is listed, and the words are ours', async () => {
  const home = await testHousehold(parts);
  const supply = await supplied(home);
  await ledger.append({
    req: newRequestId(),
    householdId: home.householdId,
    body: {
      kind: 'disclosure',
      actor: 'third-party',
      basis: 'licence',
      supply_ref: supply.supplyId,
      third_party: supply.clientId,
      meter_ref: supply.meterRef,
      purpose: 'settlement',
      resolution: 'PT30M',
      register: 'import',
      window: { from: '2026-03-01', to: '2026-04-01' },
      count: 1488,
      decision: 'allowed',
      reasons: [],
      policy: 'cNyFKy6KJ9i7x96nx1+w959jRCDbS0zMDByLbopDK6o=',
      jkt: 'J'.repeat(43),
    },
    personal: { readings: [], proof: 'p', meter_point: mpanOf(home) },
  });
  const page = await (await signedIn(home)).get('/consents');
  const text = textOf(page);
  assert.match(text, /Your supplier is Northern Supply\./);
  assert.match(
    text,
    /Northern Supply looked at 1 March 2026 – 31 March 2026, every half hour, to share out the cost of energy/,
  );
  assert.deepEqual(forbiddenWordsIn(text), []);
});

test('what is ticked is refused, what is not is not, and no page of another home changes it', async () => {
  const [home, other] = [await testHousehold(parts), await testHousehold(parts)];
  await supplied(home);
  await supplied(other);
  const who = await signedIn(home);
  const optedOut = async (one: TestHousehold) =>
    (await listCurrentSupplies(parts.db, ledger.logId, one.householdId)).map((supply) => supply.optedOut);
  const page = await who.get('/consents');
  const saved = await who.post(page, '/by-law', { refuse: ['service', 'settlement'] });
  assert.deepEqual([saved.status, saved.headers.location], [303, '/consents#by-law']);
  assert.deepEqual(await optedOut(home), [['service', 'settlement']]);
  assert.deepEqual(await optedOut(other), [[]]);
  const again = await who.get('/consents');
  assert.match(again.text, /id="refuse-settlement"[^>]* checked/);
  assert.doesNotMatch(again.text, /id="refuse-forecasting"[^>]* checked/);
  assert.equal((await who.post(again, '/by-law', { refuse: 'forecasting' })).status, 303);
  assert.deepEqual(await optedOut(home), [['forecasting']]);
  assert.equal((await who.post(again, '/by-law', {})).status, 303);
  assert.deepEqual(await optedOut(home), [[]]);
  assert.equal((await who.post(again, '/by-law', { refuse: 'billing' })).status, 400);
  assert.equal((await who.post(again, '/by-law', { refuse: 'service', form_token: 'x' })).status, 403);
  assert.deepEqual(await optedOut(home), [[]]);
  const kinds = (await allEntries(parts.db)).filter(({ kind }) => kind === 'opt-out.recorded');
  assert.equal(kinds.length, 3);
});

test('an order is shown once its day has come, and not before', async () => {
  const home = await testHousehold(parts);
  const { thirdParty } = await broker.thirdParty({
    name: 'County Court Service',
    class: 'lawful-authority',
    purposes: ['lawful-order'],
  });
  const record = async (opens?: string) => {
    const input = orderInput.parse({
      client_id: thirdParty.clientId,
      instrument: 'court-order',
      authority: 'County Court at Example',
      reference: opens === undefined ? 'K1' : 'K2',
      meter_points: [mpanOf(home)],
      resolution: 'P1D',
      from: '2026-01-01',
      to: '2026-02-01',
      expires: new Date(clock.nowMs() + 86_400_000).toISOString(),
      ...(opens === undefined ? {} : { opens }),
    });
    const payload = await prepareOrder(parts.db, clock.nowMs(), input);
    await parts.db.transaction().execute(async (tx) => {
      await ledger.appendWithin(tx, await recordWithin(tx, ledger, payload, null));
    });
  };
  await record();
  await record(new Date(clock.nowMs() + 30 * 86_400_000).toISOString());
  await tellOrders(parts);
  const text = textOf(await (await signedIn(home)).get('/consents'));
  assert.match(
    text,
    /A court or a law made us show this County Court Service, by County Court at Example, K1/,
  );
  assert.doesNotMatch(text, /K2/);
  const elsewhere = textOf(await (await signedIn(await testHousehold(parts))).get('/consents'));
  assert.doesNotMatch(elsewhere, /K1|County Court|looked at/, 'what is another home’s is not shown');
  assert.deepEqual(forbiddenWordsIn(text), []);
});
