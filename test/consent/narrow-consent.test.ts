import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  findConsent,
  giveConsent,
  lapseRequests,
  narrowConsent,
  requestConsent,
  stopConsent,
} from '../../src/consent/consents.ts';
import { listSteps } from '../../src/consent/step-store.ts';
import { newId } from '../../src/lib/ids.ts';
import { addDays, addMonths, localDate, localDateAt, startOfLocalDayMs } from '../../src/lib/local-date.ts';
import { choiceOf, errorIs, givenConsent, requestOf } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';
import { moveClock } from '../support/move-clock.ts';
import { assertVerifies } from '../support/verify-whole.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger };
const entriesOf = async (consentId: string) =>
  (await allEntries(databases.app)).filter(
    (entry) => 'consent_ref' in entry && entry.consent_ref === consentId,
  );

test('a consent is narrowed at once: its next version, less of everything, still given, and the log verifies', async () => {
  const home = await testHousehold(parts, { gas: true });
  const given = await givenConsent(parts, home, {
    terms: { fuels: ['electricity', 'gas'], registers: ['import', 'export'] },
    choice: { meterPoints: home.meterPoints.map((p) => p.meterPointId), registers: ['import', 'export'] },
  });
  assert.equal(given.meterPoints.length, 2);
  const narrowed = await narrowConsent(parts, {
    ...{ consentId: given.consentId, occupierId: home.occupierId, signedBy: 'code' },
    choice: choiceOf(home, {
      resolution: 'P1M',
      registers: ['import'],
      from: localDate('2025-02-01'),
      until: localDate('2120-01-01'),
    }),
  });
  assert.deepEqual([narrowed.state, narrowed.version, narrowed.terms.resolution], ['given', 2, 'P1M']);
  assert.deepEqual([narrowed.terms.fuels, narrowed.terms.registers], [['electricity'], ['import']]);
  assert.deepEqual(
    narrowed.meterPoints.map(({ meterPointId }) => meterPointId),
    [home.meterPoints[0]?.meterPointId],
  );
  const kept = given.meterPoints.find(
    ({ meterPointId }) => meterPointId === narrowed.meterPoints[0]?.meterPointId,
  );
  assert.equal(narrowed.meterPoints[0]?.meterRef, kept?.meterRef, 'a meter point keeps its name');
  const [, , entry] = await entriesOf(given.consentId);
  assert.equal(entry?.kind, 'consent.narrowed');
  assert.ok(entry.kind === 'consent.narrowed' && entry.version === 2 && entry.actor === 'householder');
  assert.deepEqual(entry.meter_refs, [kept?.meterRef]);
  const steps = await listSteps(databases.app, given.consentId);
  assert.deepEqual(
    steps.map(({ event, version }) => `${event} ${version}`),
    ['request 0', 'give 1', 'narrow 2'],
  );
  await assertVerifies(databases.app, ledger.verifierKey);
});

test('an earlier end is the end, and a later one cannot be had back', async () => {
  const home = await testHousehold(parts);
  const given = await givenConsent(parts, home);
  const narrow = (until: string) =>
    narrowConsent(parts, {
      ...{ consentId: given.consentId, occupierId: home.occupierId, signedBy: 'code' },
      choice: choiceOf(home, { until: localDate(until) }),
    });
  const [soon, later] = [3, 6].map((months) => addMonths(localDateAt(Date.now(), 'Europe/London'), months));
  assert.ok(soon && later);
  const narrowed = await narrow(soon);
  assert.equal(narrowed.expiresAt?.getTime(), startOfLocalDayMs(soon, 'Europe/London'));
  await assert.rejects(narrow(later), errorIs('invalid_request'));
  const past = await narrow('2025-06-01');
  const lives = (past.expiresAt?.getTime() ?? 0) - past.changedAt.getTime();
  assert.ok(lives > 29 * 86_400_000 && lives <= 30 * 86_400_000, 'about the past it lives 30 days more');
});

test('more, as much as before, nothing, or another home’s meter is no narrowing', async () => {
  const [home, stranger] = [await testHousehold(parts), await testHousehold(parts, { gas: true })];
  const given = await givenConsent(parts, home);
  const narrow = (choice: Parameters<typeof choiceOf>[1], of = home) =>
    narrowConsent(parts, {
      ...{ consentId: given.consentId, occupierId: home.occupierId, signedBy: 'code' },
      choice: choiceOf(of, choice),
    });
  for (const choice of [
    {},
    { resolution: 'PT30M' as const },
    { resolution: null },
    { registers: [] },
    { registers: ['export' as const] },
    { meterPoints: [] },
    { from: addDays(given.terms.from, -1) },
    { until: addDays(given.terms.until, 1) },
    { from: given.terms.until },
  ])
    await assert.rejects(narrow(choice), errorIs('invalid_request'), JSON.stringify(choice));
  await assert.rejects(narrow({ resolution: 'P1M' }, stranger), errorIs('invalid_request'));
  assert.equal((await findConsent(databases.app, given.consentId))?.version, 1);
  assert.equal((await entriesOf(given.consentId)).length, 2);
});

test('only a consent in force is narrowed, and only by whoever gave it', async () => {
  const [home, stranger] = [await testHousehold(parts), await testHousehold(parts)];
  const given = await givenConsent(parts, home);
  const narrow = (occupierId = home.occupierId, consentId = given.consentId) =>
    narrowConsent(parts, {
      consentId,
      occupierId,
      signedBy: 'code',
      choice: choiceOf(home, { resolution: 'P1M' }),
    });
  await assert.rejects(narrow(stranger.occupierId), errorIs('consent_unknown'));
  const { consentId } = await requestConsent(parts, requestOf(home));
  await assert.rejects(narrow(home.occupierId, consentId), errorIs('illegal_transition'));
  await stopConsent(parts, { consentId: given.consentId, occupierId: home.occupierId });
  await assert.rejects(narrow(), errorIs('illegal_transition'));
});

test('of ten narrowings and a stop at once each is whole, and nothing follows the stop', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await givenConsent(parts, home);
  const narrowings = Array.from({ length: 10 }, (_, i) =>
    narrowConsent(parts, {
      ...{ consentId, occupierId: home.occupierId, signedBy: 'code' as const },
      choice: choiceOf(home, { from: addDays(localDate('2025-02-01'), i) }),
    }),
  );
  const all = await Promise.allSettled([
    ...narrowings,
    stopConsent(parts, { consentId, occupierId: home.occupierId }),
  ]);
  for (const each of all)
    if (each.status === 'rejected')
      assert.ok(errorIs('illegal_transition')(each.reason) || errorIs('invalid_request')(each.reason));
  const entries = await entriesOf(consentId);
  assert.equal(entries.at(-1)?.kind, 'consent.stopped');
  const after = await findConsent(databases.app, consentId);
  assert.equal(after?.version, entries.filter(({ kind }) => kind === 'consent.narrowed').length + 1);
  await assertVerifies(databases.app, ledger.verifierKey);
});

test('where the ledger cannot be written a consent is not narrowed', async () => {
  const home = await testHousehold(parts);
  const { consentId, version } = await givenConsent(parts, home);
  const failing = { ...ledger, appendWithin: () => Promise.reject(new Error('disk full')) };
  const choice = choiceOf(home, { resolution: 'P1M' as const });
  await assert.rejects(
    narrowConsent(
      { ...parts, ledger: failing },
      { consentId, occupierId: home.occupierId, choice, signedBy: 'code' },
    ),
    errorIs('ledger_unavailable'),
  );
  assert.equal((await findConsent(databases.app, consentId))?.version, version);
});

test('a request that nobody answers lapses after fifteen minutes, and cannot be answered then', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await requestConsent(parts, requestOf(home, { clientId: newId('client') }));
  await moveClock(databases.app, 899_000);
  await lapseRequests(parts);
  assert.equal((await findConsent(databases.app, consentId))?.state, 'requested');
  await moveClock(databases.app, 2000);
  const gift = { consentId, occupierId: home.occupierId, choice: choiceOf(home), signedBy: 'code' as const };
  await assert.rejects(giveConsent(parts, gift), errorIs('illegal_transition'));
  assert.ok((await lapseRequests(parts)) >= 1);
  assert.equal((await findConsent(databases.app, consentId))?.state, 'lapsed');
  assert.equal((await entriesOf(consentId)).at(-1)?.kind, 'consent.lapsed');
  assert.equal(await lapseRequests(parts), 0);
});
