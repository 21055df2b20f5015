// Who lives at a meter point: codes from the post against whoever guesses, reuses or borrows one; homes of several people;
// a fresh start; links that lapse.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { eraseHousehold } from '../../src/audit/erasure.ts';
import { giveConsent, requestConsent } from '../../src/consent/consents.ts';
import { expireConsents } from '../../src/consent/expire-consents.ts';
import { linkHome } from '../../src/consent/link-home.ts';
import { moveOut } from '../../src/consent/move-out.ts';
import { stopHome } from '../../src/consent/stop-home.ts';
import { openClock } from '../../src/db/clock.ts';
import { activationLifetimeSeconds, makeActivationCode } from '../../src/household/activation-code.ts';
import { findOccupierByEmail, listMeterPoints } from '../../src/household/household-store.ts';
import { lapseLinks } from '../../src/household/lapse-links.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { addDays, localDateAt } from '../../src/lib/local-date.ts';
import { choiceOf, givenConsent, requestOf } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { type TestHousehold, testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
const clock = await openClock(databases.app as never, null);
after(async () => {
  await clock.close();
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger };
const refusedAs = (code: string) => (error: unknown) =>
  error instanceof StabledoorError && error.code === code;

let people = 0;
/** Somebody with an account and a letter for the home's meter point. */
async function letterFor(home: TestHousehold) {
  const email = `joint${++people}@example.org`;
  const [point] = home.meterPoints;
  assert.ok(point);
  const { code, householdId } = await makeActivationCode(parts, { mpan: point.mpan, email, from: null });
  assert.ok(householdId);
  return { code, householdId, email };
}
async function movedIn(home: TestHousehold, freshStart = false): Promise<TestHousehold> {
  const { code, householdId, email } = await letterFor(home);
  assert.ok(await linkHome(parts, { householdId, code, freshStart }));
  const occupier = await findOccupierByEmail(parts.db, email);
  assert.ok(occupier);
  return {
    email,
    householdId,
    occupierId: occupier.occupierId,
    meterPoints: await listMeterPoints(parts.db, householdId),
  };
}
const stateOf = async (consentId: string) =>
  (
    await parts.db
      .selectFrom('consent.consent')
      .select('state')
      .where('consent_id', '=', consentId)
      .executeTakeFirstOrThrow()
  ).state;
const newHome = () => testHousehold(parts);

test('a code from the post links its household to the home, from the day it is entered', async () => {
  const home = await newHome();
  const joint = await movedIn(home);
  const [point] = joint.meterPoints;
  assert.equal(point?.address, home.meterPoints[0]?.address);
  assert.notEqual(point?.linkLapsesAt, null);
  assert.ok((point?.tenancyFrom ?? '') >= new Date().toISOString().slice(0, 4));
  // Both live there, each on their own.
  assert.notEqual(joint.householdId, home.householdId);
  const linked = (await allEntries(parts.db)).filter(({ kind }) => kind === 'meter-point.linked').at(-1);
  assert.partialDeepStrictEqual(linked, { actor: 'householder', proven_by: 'code' });
});

test('a code links once, however many enter it at the same moment', async () => {
  const home = await newHome();
  const { code } = await makeActivationCode(parts, {
    mpan: home.meterPoints[0]?.mpan ?? '',
    email: null,
    from: null,
  });
  const others = await Promise.all(Array.from({ length: 6 }, newHome));
  const linked = await Promise.all(
    others.map(({ householdId }) => linkHome(parts, { householdId, code, freshStart: false })),
  );
  assert.equal(linked.filter((each) => each !== null).length, 1);
});

test('a code is typed as people type, and a wrong one, a spent one, another’s and an old one look alike', async () => {
  const home = await newHome();
  const other = await newHome();
  const mine = await letterFor(home);
  const enter = (householdId: typeof mine.householdId, code: string) =>
    linkHome(parts, { householdId, code, freshStart: true });
  assert.equal(await enter(other.householdId, mine.code), null, 'another’s');
  for (const wrong of ['', 'x', '0000-0000-0000-0000', `${mine.code}0`, 'é'.repeat(16)])
    assert.equal(await enter(mine.householdId, wrong), null, wrong);
  assert.ok(
    await enter(mine.householdId, ` ${mine.code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o')} `),
  );
  assert.equal(await enter(mine.householdId, mine.code), null, 'spent');
  const late = await letterFor(home);
  await sql`update household.activation_code set made_at = made_at - ${activationLifetimeSeconds} * interval '1 second',
    expires_at = expires_at - ${activationLifetimeSeconds} * interval '1 second' where spent_at is null`.execute(
    databases.owner,
  );
  assert.equal(await enter(late.householdId, late.code), null, 'too old');
});

test('a new letter makes the one before worth nothing, and no table holds a code', async () => {
  const home = await newHome();
  const mpan = home.meterPoints[0]?.mpan ?? '';
  const email = `joint${++people}@example.org`;
  const first = await makeActivationCode(parts, { mpan, email, from: null });
  const second = await makeActivationCode(parts, { mpan, email, from: null });
  assert.ok(first.householdId && second.householdId);
  const enter = (code: string) =>
    linkHome(parts, { householdId: second.householdId as never, code, freshStart: false });
  assert.equal(await enter(first.code), null);
  assert.ok(await enter(second.code));
  const { rows } = await sql<{
    all: string;
  }>`select string_agg(a::text, ' ') as all from household.activation_code a`.execute(databases.owner);
  assert.ok(!rows[0]?.all.includes(second.code.replaceAll('-', '')));
});

test('a code is not spent where its entry cannot be written', async () => {
  const home = await newHome();
  const { code, householdId } = await letterFor(home);
  const deaf = { ...ledger, appendWithin: () => Promise.reject(new StabledoorError('ledger_unavailable')) };
  await assert.rejects(
    linkHome({ ...parts, ledger: deaf }, { householdId, code, freshStart: true }),
    refusedAs('ledger_unavailable'),
  );
  assert.equal((await listMeterPoints(parts.db, home.householdId))[0]?.tenancyUntil, null);
  assert.ok(await linkHome(parts, { householdId, code, freshStart: false }));
});

test('people of one home share each for themselves: neither ends what the other gives to the same third party', async () => {
  const home = await newHome();
  const joint = await movedIn(home);
  const mine = await givenConsent(parts, home);
  const theirs = await givenConsent(parts, joint, {
    clientId: mine.clientId,
    terms: { from: joint.meterPoints[0]?.tenancyFrom as never },
  });
  assert.deepEqual([await stateOf(mine.consentId), await stateOf(theirs.consentId)], ['given', 'given']);
});

test('any one of a home stops all sharing of it, also another’s, and the entries do not say who', async () => {
  const [home, elsewhere] = [await newHome(), await newHome()];
  const joint = await movedIn(home);
  const [mine, away] = [await givenConsent(parts, home), await givenConsent(parts, elsewhere)];
  const meterPointId = home.meterPoints[0]?.meterPointId as never;
  await assert.rejects(
    stopHome(parts, { householdId: elsewhere.householdId, meterPointId }),
    refusedAs('meter_point_unknown'),
  );
  assert.equal(await stateOf(mine.consentId), 'given');
  await stopHome(parts, { householdId: joint.householdId, meterPointId });
  assert.deepEqual([await stateOf(mine.consentId), await stateOf(away.consentId)], ['stopped', 'given']);
  const entry = (await allEntries(parts.db)).at(-1);
  assert.partialDeepStrictEqual(entry, { kind: 'consent.stopped', actor: 'householder', through: 'home' });
});

test('a stop of a home is taken where the ledger cannot write (P2)', async () => {
  const home = await newHome();
  const joint = await movedIn(home);
  const mine = await givenConsent(parts, home);
  const deaf = { ...ledger, appendWithin: () => Promise.reject(new Error('the log cannot be written')) };
  const meterPointId = home.meterPoints[0]?.meterPointId as never;
  await stopHome({ ...parts, ledger: deaf }, { householdId: joint.householdId, meterPointId });
  assert.equal(await stateOf(mine.consentId), 'stopped');
});

test('a fresh start ends every other’s place, consents and helpers there, and leaves other homes alone', async () => {
  const [home, elsewhere] = [await newHome(), await newHome()];
  const joint = await movedIn(home);
  const [mine, theirs] = [await givenConsent(parts, home), await givenConsent(parts, elsewhere)];
  const fresh = await movedIn(home, true);
  assert.equal(await stateOf(mine.consentId), 'ended');
  assert.equal(await stateOf(theirs.consentId), 'given');
  for (const former of [home, joint]) {
    const [point] = await listMeterPoints(parts.db, former.householdId);
    assert.equal(point?.linkLapsesAt, null);
    assert.notEqual(point?.tenancyUntil, null);
  }
  assert.notEqual(fresh.meterPoints[0]?.linkLapsesAt, null);
  const kinds = (await allEntries(parts.db)).slice(-4).map(({ kind }) => kind);
  assert.deepEqual(kinds, [
    'consent.ended',
    'meter-point.unlinked',
    'meter-point.unlinked',
    'meter-point.linked',
  ]);
  // Who lived there cannot stop or share there any more.
  const meterPointId = home.meterPoints[0]?.meterPointId as never;
  await assert.rejects(
    stopHome(parts, { householdId: home.householdId, meterPointId }),
    refusedAs('meter_point_unknown'),
  );
  const again = await requestConsent(parts, requestOf(home));
  await assert.rejects(
    giveConsent(parts, {
      consentId: again.consentId,
      occupierId: home.occupierId,
      choice: choiceOf(home),
      signedBy: 'code',
    }),
    refusedAs('invalid_request'),
  );
});

test('a letter that was not answered before a fresh start or a move out lets nobody in afterwards', async () => {
  const home = await newHome();
  const mpan = home.meterPoints[0]?.mpan ?? '';
  const kept = await letterFor(home);
  const anybodys = await makeActivationCode(parts, { mpan, email: null, from: null });
  const stranger = await newHome();
  const fresh = await movedIn(home, true);
  const enter = (householdId: typeof kept.householdId, code: string) =>
    linkHome(parts, { householdId, code, freshStart: true });
  assert.equal(await enter(kept.householdId, kept.code), null);
  assert.equal(await enter(stranger.householdId, anybodys.code), null);
  assert.notEqual((await listMeterPoints(parts.db, fresh.householdId))[0]?.linkLapsesAt, null);

  const own = await makeActivationCode(parts, { mpan, email: fresh.email, from: null });
  const next = await letterFor(home);
  const today = localDateAt(clock.nowMs(), 'Europe/London');
  await moveOut(parts, { mpan, on: addDays(today, 1), only: fresh.householdId });
  assert.equal(await enter(fresh.householdId, own.code), null, 'of whoever left');
  assert.ok(await enter(next.householdId, next.code), 'of whoever comes');
});

test('of two who start afresh at the same moment one is left, and neither waits for the other in a ring', async () => {
  for (let i = 0; i < 5; i++) {
    const home = await newHome();
    const letters = [await letterFor(home), await letterFor(home)];
    const linked = await Promise.all(
      letters.map(({ householdId, code }) => linkHome(parts, { householdId, code, freshStart: true })),
    );
    assert.equal(linked.filter((each) => each !== null).length, 1);
  }
});

test('a consent that is given while somebody starts afresh is over afterwards, whichever came first', async () => {
  for (let i = 0; i < 5; i++) {
    const home = await newHome();
    const { code, householdId } = await letterFor(home);
    const { consentId } = await requestConsent(parts, requestOf(home));
    const gift = {
      consentId,
      occupierId: home.occupierId,
      choice: choiceOf(home),
      signedBy: 'code' as const,
    };
    await Promise.all([
      giveConsent(parts, gift).catch(() => {}),
      linkHome(parts, { householdId, code, freshStart: true }),
    ]);
    assert.notEqual(await stateOf(consentId), 'given');
  }
});

test('a link lapses a year on: what rests on it ends at that second, and nothing more is given until a new code', async () => {
  const home = await newHome();
  const consent = await givenConsent(parts, home);
  const [point] = await listMeterPoints(parts.db, home.householdId);
  assert.deepEqual(consent.expiresAt, point?.linkLapsesAt, 'a consent lasts no longer than the link');
  // A renewed link carries the consents on.
  const { code } = await makeActivationCode(parts, {
    mpan: point?.mpan ?? '',
    email: home.email,
    from: null,
  });
  await sql`update household.link set proven_at = proven_at - interval '6 months', lapses_at = lapses_at - interval '6 months'
    where household_id = ${home.householdId}`.execute(databases.owner);
  await sql`update consent.consent set ends_at = ends_at - interval '6 months' where consent_id = ${consent.consentId}`.execute(
    databases.owner,
  );
  assert.ok(await linkHome(parts, { householdId: home.householdId, code, freshStart: false }));
  const [renewed] = await listMeterPoints(parts.db, home.householdId);
  const { ends_at } = await parts.db
    .selectFrom('consent.consent')
    .select('ends_at')
    .where('consent_id', '=', consent.consentId)
    .executeTakeFirstOrThrow();
  assert.deepEqual(ends_at, renewed?.linkLapsesAt);
  assert.equal(renewed?.tenancyFrom, point?.tenancyFrom, 'the tenancy goes on');
  await sql`update household.link set proven_at = proven_at - interval '13 months', lapses_at = lapses_at - interval '13 months'
    where household_id = ${home.householdId}`.execute(databases.owner);
  await sql`update consent.consent set ends_at = ends_at - interval '13 months' where consent_id = ${consent.consentId}`.execute(
    databases.owner,
  );
  await expireConsents(parts);
  assert.equal(await lapseLinks(parts), 1);
  assert.equal(await lapseLinks(parts), 0, 'said once');
  assert.equal(await stateOf(consent.consentId), 'ended');
  assert.deepEqual(
    (await allEntries(parts.db)).slice(-2).map(({ kind }) => kind),
    ['consent.ended', 'meter-point.unlinked'],
  );
  const { consentId, wording } = await requestConsent(parts, requestOf(home));
  assert.ok(wording.lines.some(({ text }) => /new code from the post/.test(text)));
  await assert.rejects(
    giveConsent(parts, { consentId, occupierId: home.occupierId, choice: choiceOf(home), signedBy: 'code' }),
    refusedAs('invalid_request'),
  );
});

test('how many homes were ever linked stays known when one of them is erased', async () => {
  const home = await newHome();
  const joint = await movedIn(home);
  const count = async () =>
    (
      await parts.db
        .selectFrom('household.meter_point')
        .select('homes_ever')
        .where('meter_point_id', '=', home.meterPoints[0]?.meterPointId ?? '')
        .executeTakeFirstOrThrow()
    ).homes_ever;
  assert.equal(await count(), 2);
  await makeActivationCode(parts, { mpan: home.meterPoints[0]?.mpan ?? '', email: joint.email, from: null });
  await eraseHousehold({ ...parts, clock }, joint.householdId);
  assert.equal(await findOccupierByEmail(parts.db, joint.email), null);
  assert.equal(await count(), 2);
  // The other's home is as it was, and theirs can be erased too: neither is the other's.
  assert.notEqual((await listMeterPoints(parts.db, home.householdId))[0]?.linkLapsesAt, null);
  await eraseHousehold({ ...parts, clock }, home.householdId);
});

test('who moves out alone ends nobody else’s sharing, and when all move out everybody’s ends', async () => {
  const home = await newHome();
  const joint = await movedIn(home);
  const [mine, theirs] = [
    await givenConsent(parts, home),
    await givenConsent(parts, joint, { terms: { from: joint.meterPoints[0]?.tenancyFrom as never } }),
  ];
  const mpan = home.meterPoints[0]?.mpan ?? '';
  const today = localDateAt(clock.nowMs(), 'Europe/London');
  const left = await moveOut(parts, { mpan, on: today, only: home.householdId });
  assert.deepEqual([left.householdIds, left.ended], [[home.householdId], 1]);
  assert.deepEqual([await stateOf(mine.consentId), await stateOf(theirs.consentId)], ['ended', 'given']);
  const meterPointId = home.meterPoints[0]?.meterPointId as never;
  await assert.rejects(
    stopHome(parts, { householdId: home.householdId, meterPointId }),
    refusedAs('meter_point_unknown'),
  );
  const all = await moveOut(parts, { mpan, on: addDays(today, 1) });
  assert.deepEqual([all.householdIds, all.ending], [[joint.householdId], 1]);
});
