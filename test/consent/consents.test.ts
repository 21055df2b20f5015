import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import {
  expireConsents,
  findConsent,
  giveConsent,
  listOccupierConsents,
  listThirdPartyConsents,
  refuseConsent,
  requestConsent,
  returnConsent,
  stopConsent,
} from '../../src/consent/consents.ts';
import { listSteps } from '../../src/consent/step-store.ts';
import { wordingDigest } from '../../src/consent/wording.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { newId, newRequestId } from '../../src/lib/ids.ts';
import { localDate } from '../../src/lib/local-date.ts';
import { choiceOf, givenConsent, requestOf } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger };
const errorIs = (code: string) => (error: unknown) => error instanceof StabledoorError && error.code === code;

interface Body {
  kind: string;
  consent_ref?: string;
  commit?: Record<string, string>;
  [field: string]: unknown;
}

async function entriesOf(consentId: string): Promise<Body[]> {
  const entries = await Array.fromAsync(readEntries(databases.app, 1, 0, 10_000));
  return entries
    .map((entry) => JSON.parse(parseEntry(entry).body) as Body)
    .filter((body) => body.consent_ref === consentId);
}
const kindsOf = async (consentId: string) => (await entriesOf(consentId)).map((body) => body.kind);

test('a consent is given narrower than it was asked, and the entry says exactly that', async () => {
  const home = await testHousehold(parts, { gas: true });
  const asked = { fuels: ['electricity', 'gas'] as const, resolution: 'PT30M' as const };
  const request = requestOf(home, { terms: asked });
  const requested = await requestConsent(parts, request);
  assert.deepEqual([requested.state, requested.version, requested.meterPoints], ['requested', 0, []]);
  const given = await giveConsent(parts, {
    consentId: requested.consentId,
    occupierId: home.occupierId,
    choice: choiceOf(home, { resolution: 'P1M', from: localDate('2025-06-01') }),
    signedBy: 'code',
  });
  assert.deepEqual([given.state, given.version, given.terms.resolution], ['given', 1, 'P1M']);
  assert.deepEqual([given.terms.fuels, given.asked.fuels], [['electricity'], ['electricity', 'gas']]);
  assert.equal(given.asked.resolution, 'PT30M');
  assert.equal(given.meterPoints.length, 1);
  const [ask, give] = await entriesOf(given.consentId);
  assert.equal(ask?.kind, 'consent.requested');
  assert.equal(ask?.resolution, 'PT30M');
  assert.deepEqual(give?.window, { from: '2025-06-01', until: '2126-01-01' });
  assert.deepEqual(give?.meter_refs, [given.meterPoints[0]?.meterRef]);
  assert.equal(give?.expires_s, Date.UTC(2126, 0, 1) / 1000);
  assert.deepEqual([give?.version, give?.resolution, give?.signed_by], [1, 'P1M', 'code']);
  assert.deepEqual(Object.keys(give?.commit ?? {}).sort(), ['meter_points', 'wording']);
  const steps = await listSteps(databases.app, given.consentId);
  assert.deepEqual(
    steps.map((step) => [step.event, step.version, typeof step.index]),
    [
      ['request', 0, 'number'],
      ['give', 1, 'number'],
    ],
  );
});

test('neither the wording, its digest nor a meter point stands in an entry', async () => {
  const home = await testHousehold(parts);
  const given = await givenConsent(parts, home);
  assert.equal(given.wordingDigest, wordingDigest(given.wording));
  const text = JSON.stringify(await entriesOf(given.consentId));
  const mpan = home.meterPoints[0]?.mpan ?? '?';
  for (const secret of [
    given.wordingDigest,
    mpan,
    home.householdId,
    home.occupierId,
    'Mill Lane',
    home.email,
  ]) {
    assert.ok(!text.includes(secret), secret);
  }
});

test('opening a request again gives the same consent and the same words, also at once', async () => {
  const home = await testHousehold(parts);
  const request = requestOf(home);
  const opened = await Promise.all(Array.from({ length: 8 }, () => requestConsent(parts, request)));
  assert.equal(new Set(opened.map((consent) => consent.consentId)).size, 1);
  assert.deepEqual(await kindsOf(opened[0]?.consentId ?? ''), ['consent.requested']);
});

test('a newer request of the same third party lapses the open one', async () => {
  const home = await testHousehold(parts);
  const clientId = newId('client');
  const older = await requestConsent(parts, requestOf(home, { clientId }));
  const newer = await requestConsent(parts, requestOf(home, { clientId }));
  const other = await requestConsent(parts, requestOf(home));
  assert.equal((await findConsent(databases.app, older.consentId))?.state, 'lapsed');
  assert.equal((await findConsent(databases.app, newer.consentId))?.state, 'requested');
  assert.equal(other.state, 'requested');
  assert.deepEqual(await kindsOf(older.consentId), ['consent.requested', 'consent.lapsed']);
  const late = { consentId: older.consentId, occupierId: home.occupierId, choice: choiceOf(home) };
  await assert.rejects(giveConsent(parts, { ...late, signedBy: 'code' }), errorIs('illegal_transition'));
});

test('a newer consent for the same purpose supersedes the older one, in the same transaction', async () => {
  const home = await testHousehold(parts);
  const clientId = newId('client');
  const older = await givenConsent(parts, home, { clientId });
  const otherPurpose = await givenConsent(parts, home, { clientId, terms: { purpose: 'automation' } });
  const newer = await givenConsent(parts, home, { clientId });
  assert.equal((await findConsent(databases.app, older.consentId))?.state, 'superseded');
  assert.equal((await findConsent(databases.app, otherPurpose.consentId))?.state, 'given');
  assert.equal((await findConsent(databases.app, newer.consentId))?.state, 'given');
  assert.notEqual(newer.meterPoints[0]?.meterRef, older.meterPoints[0]?.meterRef);
  assert.equal((await kindsOf(older.consentId)).at(-1), 'consent.superseded');
});

test('of twenty answers to one request at once, one counts', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await requestConsent(parts, requestOf(home));
  const { occupierId } = home;
  let within = 0;
  const gift = { consentId, occupierId, choice: choiceOf(home), signedBy: 'code' as const };
  const answers = Array.from({ length: 20 }, (_, i) =>
    i % 4 === 3
      ? refuseConsent(parts, { consentId, occupierId })
      : giveConsent(parts, { ...gift, within: async () => void within++ }),
  );
  const settled = await Promise.allSettled(answers);
  assert.equal(settled.filter((each) => each.status === 'fulfilled').length, 1);
  for (const each of settled)
    if (each.status === 'rejected') assert.ok(errorIs('illegal_transition')(each.reason));
  assert.ok(within <= 1);
  assert.equal((await kindsOf(consentId)).length, 2);
});

test('what the caller does within the giving stands or falls with it', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await requestConsent(parts, requestOf(home));
  const gift = { consentId, occupierId: home.occupierId, choice: choiceOf(home), signedBy: 'code' as const };
  const within = () => Promise.reject(new Error('no code could be made'));
  await assert.rejects(giveConsent(parts, { ...gift, within }), /no code/);
  assert.equal((await findConsent(databases.app, consentId))?.state, 'requested');
  assert.deepEqual(await kindsOf(consentId), ['consent.requested']);
});

test('more than was asked, or another home’s meter point, is not given', async () => {
  const [home, stranger] = [await testHousehold(parts), await testHousehold(parts)];
  const { consentId } = await requestConsent(parts, requestOf(home));
  const gift = { consentId, occupierId: home.occupierId, signedBy: 'code' as const };
  for (const choice of [
    choiceOf(home, { resolution: 'PT30M' }),
    choiceOf(home, { resolution: null }),
    choiceOf(home, { from: localDate('2024-12-31') }),
    choiceOf(home, { registers: ['export'] }),
    choiceOf(stranger),
    choiceOf(home, { meterPoints: [] }),
  ]) {
    await assert.rejects(giveConsent(parts, { ...gift, choice }), errorIs('invalid_request'));
  }
  assert.equal((await findConsent(databases.app, consentId))?.state, 'requested');
});

test('another occupier cannot see, give, refuse or stop it', async () => {
  const [home, stranger] = [await testHousehold(parts), await testHousehold(parts)];
  const given = await givenConsent(parts, home);
  const { consentId } = await requestConsent(parts, requestOf(home));
  const { occupierId } = stranger;
  const unknown = errorIs('consent_unknown');
  const gift = { consentId, occupierId, choice: choiceOf(home), signedBy: 'code' as const };
  await assert.rejects(giveConsent(parts, gift), unknown);
  await assert.rejects(refuseConsent(parts, { consentId, occupierId }), unknown);
  await assert.rejects(stopConsent(parts, { consentId: given.consentId, occupierId }), unknown);
  assert.deepEqual(await listOccupierConsents(databases.app, occupierId), []);
  assert.equal((await listOccupierConsents(databases.app, home.occupierId)).length, 2);
});

test('a third party sees what it was given, and gives it back; another’s does not exist for it', async () => {
  const home = await testHousehold(parts);
  const clientId = newId('client');
  const given = await givenConsent(parts, home, { clientId });
  await requestConsent(parts, requestOf(home, { clientId, terms: { purpose: 'automation' } }));
  const listed = await listThirdPartyConsents(databases.app, clientId, { limit: 10 });
  assert.deepEqual(
    listed.map((consent) => consent.consentId),
    [given.consentId],
  );
  const { consentId } = given;
  await assert.rejects(
    returnConsent(parts, { consentId, clientId: newId('client') }),
    errorIs('consent_unknown'),
  );
  assert.equal((await returnConsent(parts, { consentId, clientId })).state, 'returned');
  await assert.rejects(returnConsent(parts, { consentId, clientId }), errorIs('illegal_transition'));
  assert.equal((await kindsOf(consentId)).at(-1), 'consent.returned');
});

const guard = (consent: Awaited<ReturnType<typeof givenConsent>>) => ({
  name: 'consent-in-force',
  args: {
    consent_id: consent.consentId,
    version: consent.version,
    meter_ref: consent.meterPoints[0]?.meterRef ?? '',
    third_party: consent.clientId,
  },
});
const readOf = (consent: Awaited<ReturnType<typeof givenConsent>>) => ({
  req: newRequestId(),
  householdId: consent.householdId,
  body: { kind: 'meter-point.linked', actor: 'operator' } as const,
  personal: { meter_point: 'x' },
  guards: [guard(consent)],
});

test('a one-off is read once and is expired then', async () => {
  const home = await testHousehold(parts);
  const once = await givenConsent(parts, home, { terms: { once: true } });
  const often = await givenConsent(parts, home);
  const reads = await Promise.allSettled(
    [once, once, often, often].map((each) => ledger.append(readOf(each))),
  );
  assert.deepEqual(
    reads.map((read) => read.status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  assert.equal(await expireConsents(parts), 1);
  assert.equal((await findConsent(databases.app, once.consentId))?.state, 'expired');
  assert.equal((await kindsOf(once.consentId)).at(-1), 'consent.expired');
});

test('a consent past its time is refused at once, and then written down as expired', async () => {
  const home = await testHousehold(parts);
  const given = await givenConsent(parts, home, { terms: { until: localDate('2025-02-01') } });
  const [givenS, expiresS] = [given.changedAt, given.expiresAt].map((at) =>
    Math.floor((at?.getTime() ?? 0) / 1000),
  );
  assert.equal((expiresS ?? 0) - (givenS ?? 0), 30 * 86_400, 'a consent wholly about the past lives 30 days');
  await ledger.append(readOf(given));
  await sql`select ledger.move_clock(ledger.now_ms() + ${30 * 86_400_000 + 1000}::bigint)`.execute(
    databases.app,
  );
  await assert.rejects(ledger.append(readOf(given)), /consent_not_in_force/);
  assert.equal(await expireConsents(parts), 1);
  assert.equal((await findConsent(databases.app, given.consentId))?.state, 'expired');
  assert.equal(await expireConsents(parts), 0);
});
