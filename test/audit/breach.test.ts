// What a breach at a third party reached, told from the ledger.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { joined } from '../../src/audit/breach.ts';
import { addDays, localDateAt } from '../../src/lib/local-date.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { forbiddenWordsIn } from '../support/forbidden-words.ts';
import { closedDay, testAccess, testHome, testParty } from '../support/journey.ts';

const databases = await testDatabases();
let broker: TestBroker;
before(async () => {
  broker = await testBroker({ databases });
});
after(async () => {
  await broker.close();
  await databases.close();
});

test('it names the households that were read, their days and how fine, and nobody else', async () => {
  const [party, other] = [await testParty(broker), await testParty(broker, { name: 'Other Ltd' })];
  const [home, untouched] = [await testHome(broker), await testHome(broker)];
  const day = closedDay(broker);
  const access = await testAccess(broker, party, home);
  const [meterPoint = ''] = access.meterPoints;
  const before_ = { from: addDays(day.from as never, -1), to: day.from };
  for (const window of [before_, day])
    assert.equal((await access.readings(meterPoint, { ...window, resolution: 'PT30M' })).status, 200);
  const theirs = await testAccess(broker, other, untouched);
  assert.equal(
    (await theirs.readings(theirs.meterPoints[0] as string, { ...day, resolution: 'P1D' })).status,
    200,
  );

  const today = localDateAt(broker.parts.clock.nowMs(), 'Europe/London');
  const breach = async (from: string, to: string, ...further: string[]) =>
    stabledoor(broker.environment, [
      ...['breach', '--third-party', party.clientId, '--from', from, '--to', to],
      ...further,
    ]);
  const ran = await breach(today, addDays(today, 1), '--json');
  assert.equal(ran.code, 0, ran.err);
  const { households, draft_notice_regulator } = JSON.parse(ran.out);
  assert.equal(households.length, 1);
  const [reached] = households;
  assert.deepEqual(reached.emails, [home.email]);
  assert.deepEqual(reached.readings, [
    {
      resolution: 'PT30M',
      register: 'import',
      purpose: 'energy-advice',
      windows: [{ from: before_.from, to: day.to }],
    },
  ]);
  assert.equal(reached.read_during.length, 2);
  assert.deepEqual(reached.held_from_before, []);
  assert.match(reached.draft_notice, /Every half hour/);
  assert.deepEqual(forbiddenWordsIn(reached.draft_notice), []);
  assert.match(draft_notice_regulator, /may have reached: 1\./);

  // A breach after the reads reaches what it says it still keeps, and one before them reaches nothing.
  const later = JSON.parse((await breach(addDays(today, 30), addDays(today, 31), '--json')).out);
  assert.equal(later.households[0].held_from_before.length, 2);
  const tooLate = JSON.parse((await breach(addDays(today, 500), addDays(today, 501), '--json')).out);
  assert.deepEqual(tooLate.households, []);
  const earlier = JSON.parse((await breach(addDays(today, -9), addDays(today, -8), '--json')).out);
  assert.deepEqual(earlier.households, []);
  assert.match((await breach(today, addDays(today, 1))).out, /Draft for household_/);
  assert.equal((await breach(today, today)).code, 2);
});

test('windows that touch are one, and every day of them is in it and no other', () => {
  const date = (n: number) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);
  const windows = fc.array(
    fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 9 })).map(([from, length]) => ({
      from: date(from),
      to: date(from + length),
    })),
  );
  const days = (some: readonly { from: string; to: string }[]) =>
    [...Array(60).keys()].map(date).filter((day) => some.some(({ from, to }) => from <= day && day < to));
  fc.assert(
    fc.property(windows, (some) => {
      const one = joined(some);
      assert.deepEqual(days(one), days(some));
      for (const [i, { from }] of one.entries()) assert.ok(i === 0 || from > (one[i - 1]?.to as string));
    }),
  );
});
