import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  type Consent,
  expireConsents,
  findConsent,
  giveConsent,
  moveOut,
  removeMeterPoint,
  requestConsent,
} from '../../src/consent/consents.ts';
import { readNowMs } from '../../src/consent/hold-store.ts';
import { addHousehold } from '../../src/household/households.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { addDays, localDate, localDateAt, startOfLocalDayMs } from '../../src/lib/local-date.ts';
import { choiceOf, errorIs, givenConsent, requestOf } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { type TestHousehold, testHousehold } from '../support/household.ts';
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
const zone = 'Europe/London';
const today = async () => localDateAt(await readNowMs(databases.app), zone);
const mpanOf = (home: TestHousehold, point = 0) => home.meterPoints[point]?.mpan ?? '';
const stateOf = async ({ consentId }: Consent) => (await findConsent(databases.app, consentId))?.state;
const allPoints = (home: TestHousehold) => ({
  terms: { fuels: ['electricity', 'gas'] as const },
  choice: { meterPoints: home.meterPoints.map((point) => point.meterPointId) },
});
const last = async (consent: Consent) =>
  (await allEntries(databases.app)).findLast(
    (entry) => 'consent_ref' in entry && entry.consent_ref === consent.consentId,
  )?.kind;

let reads = 0;
const read = (consent: Consent) =>
  ledger.append({
    req: newRequestId(),
    householdId: consent.householdId,
    body: { kind: 'read.dropped', actor: 'broker', store_read: `a/${++reads}` } as const,
    guards: [
      {
        name: 'consent-in-force',
        args: {
          consent_id: consent.consentId,
          version: consent.version,
          meter_ref: consent.meterPoints[0]?.meterRef ?? '',
          third_party: consent.clientId,
        },
      },
    ],
  });

test('who has moved out shares nothing of that meter point any more, and everything else as before', async () => {
  const home = await testHousehold(parts, { gas: true });
  const both = await givenConsent(parts, home, allPoints(home) as never);
  const gas = await givenConsent(parts, home, {
    terms: { fuels: ['gas'] as never },
    choice: { meterPoints: [home.meterPoints[1]?.meterPointId as never] },
  });
  await read(both);
  const left = await moveOut(parts, { mpan: mpanOf(home), on: await today() });
  assert.deepEqual([left.ended, left.ending, left.householdIds], [1, 0, [home.householdId]]);
  assert.deepEqual([await stateOf(both), await stateOf(gas)], ['ended', 'given']);
  assert.equal(await last(both), 'consent.ended');
  await assert.rejects(read(both), /consent_not_in_force/);
  await read(gas);
  await assertVerifies(databases.app, ledger.verifierKey);
});

test('nobody new is given the days before a move-out, and the next household none of the former one’s', async () => {
  const home = await testHousehold(parts);
  const on = await today();
  await moveOut(parts, { mpan: mpanOf(home), on });
  const { consentId } = await requestConsent(parts, requestOf(home));
  const gift = { consentId, occupierId: home.occupierId, choice: choiceOf(home), signedBy: 'code' as const };
  await assert.rejects(giveConsent(parts, gift), errorIs('invalid_request'));
  const email = `next-${mpanOf(home)}@example.org`;
  const place = { mpan: mpanOf(home), fuel: 'electricity', zone, address: 'x' } as const;
  await assert.rejects(
    addHousehold(parts, { ...place, email, from: addDays(on, -1) }),
    errorIs('meter_point_taken'),
  );
  assert.equal((await addHousehold(parts, { ...place, email, from: on })).linked, true);
});

test('a move-out on a day to come ends its consents as that day begins, to the second, and not before', async () => {
  const home = await testHousehold(parts);
  const on = addDays(await today(), 3);
  const before = await givenConsent(parts, home);
  const left = await moveOut(parts, { mpan: mpanOf(home), on });
  assert.deepEqual([left.ended, left.ending], [0, 1]);
  const endsMs = startOfLocalDayMs(on, zone);
  const since = await givenConsent(parts, home, { terms: { purpose: 'automation' } });
  for (const consent of [before, since])
    assert.equal((await findConsent(databases.app, consent.consentId))?.expiresAt?.getTime(), endsMs);
  await moveClock(databases.app, endsMs - (await readNowMs(databases.app)) - 1500);
  await read(before);
  assert.equal(await expireConsents(parts), 0);
  await moveClock(databases.app, 2000);
  await assert.rejects(read(before), /consent_not_in_force/);
  await assert.rejects(read(since), /consent_not_in_force/);
  assert.equal(await stateOf(before), 'given', 'the guard does not wait for the state');
  assert.equal(await expireConsents(parts), 2);
  assert.deepEqual([await stateOf(before), await stateOf(since)], ['ended', 'ended']);
  assert.equal(await last(before), 'consent.ended');
  await assertVerifies(databases.app, ledger.verifierKey);
});

test('a day to come can be changed, and one that has come cannot', async () => {
  const home = await testHousehold(parts);
  const consent = await givenConsent(parts, home);
  const now = await today();
  const mpan = mpanOf(home);
  await moveOut(parts, { mpan, on: addDays(now, 5) });
  await moveOut(parts, { mpan, on: addDays(now, 9) });
  const expected = startOfLocalDayMs(addDays(now, 9), zone);
  assert.equal((await findConsent(databases.app, consent.consentId))?.expiresAt?.getTime(), expected);
  assert.equal((await moveOut(parts, { mpan, on: now })).ended, 1);
  await assert.rejects(moveOut(parts, { mpan, on: addDays(now, 1) }), errorIs('invalid_request'));
  await assert.rejects(moveOut(parts, { mpan: '000', on: now }), errorIs('not_found'));
  const other = await testHousehold(parts, { from: now });
  await assert.rejects(moveOut(parts, { mpan: mpanOf(other), on: now }), errorIs('invalid_request'));
});

test('who comes back to a meter point begins anew', async () => {
  const home = await testHousehold(parts);
  const mpan = mpanOf(home);
  const old = await givenConsent(parts, home);
  const on = await today();
  await moveOut(parts, { mpan, on: addDays(on, -10) });
  const point = home.meterPoints[0];
  await addHousehold(parts, {
    ...{ email: home.email, mpan, fuel: 'electricity', zone, address: point?.address ?? '' },
    from: addDays(on, -5),
  });
  assert.equal(await stateOf(old), 'ended');
  const anew = await givenConsent(parts, home);
  // A year on, when the new link lapses: not when the former tenancy ended.
  const ends = (await findConsent(databases.app, anew.consentId))?.expiresAt?.getTime() ?? 0;
  assert.ok(ends - anew.changedAt.getTime() > 364 * 86_400_000);
  await read(anew);
});

test('a meter point that is no more leaves the consents that have others, and ends those that have none', async () => {
  const home = await testHousehold(parts, { gas: true });
  const both = await givenConsent(parts, home, allPoints(home) as never);
  const alone = await givenConsent(parts, home);
  const left = await removeMeterPoint(parts, { mpan: mpanOf(home) });
  assert.deepEqual([left.ended, left.narrowed], [1, 1]);
  assert.equal(await stateOf(alone), 'ended');
  const narrowed = await findConsent(databases.app, both.consentId);
  assert.deepEqual([narrowed?.state, narrowed?.version, narrowed?.terms.fuels], ['given', 2, ['gas']]);
  assert.deepEqual(
    narrowed?.meterPoints.map(({ meterPointId }) => meterPointId),
    [home.meterPoints[1]?.meterPointId],
  );
  await read(narrowed as Consent);
  await assert.rejects(read(both), /consent_not_in_force/);
  const entry = (await allEntries(databases.app)).findLast(({ kind }) => kind === 'consent.narrowed');
  assert.ok(entry?.kind === 'consent.narrowed' && entry.actor === 'operator' && entry.signed_by === 'code');
  await assertVerifies(databases.app, ledger.verifierKey);
});

test('neither the day nor the meter point of a move-out stands in the ledger', async () => {
  const home = await testHousehold(parts);
  await moveOut(parts, { mpan: mpanOf(home), on: localDate('2025-02-03') });
  const entry = (await allEntries(databases.app)).at(-1);
  assert.equal(entry?.kind, 'meter-point.unlinked');
  assert.deepEqual(Object.keys(entry ?? {}).sort(), ['actor', 'commit', 'index', 'kind', 'req']);
});

test('where the ledger cannot be written nobody has moved out', async () => {
  const home = await testHousehold(parts);
  const consent = await givenConsent(parts, home);
  const failing = { ...ledger, appendWithin: () => Promise.reject(new Error('disk full')) };
  const leaving = moveOut({ ...parts, ledger: failing }, { mpan: mpanOf(home), on: await today() });
  await assert.rejects(leaving, errorIs('ledger_unavailable'));
  assert.equal(await stateOf(consent), 'given');
  assert.equal((await moveOut(parts, { mpan: mpanOf(home), on: await today() })).ended, 1);
});
