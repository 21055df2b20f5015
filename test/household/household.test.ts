import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { parseEmailAddress } from '../../src/household/email-address.ts';
import { findOccupierByEmail, listMeterPoints } from '../../src/household/household-store.ts';
import { addHousehold, type NewHousehold } from '../../src/household/households.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { localDate } from '../../src/lib/local-date.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger };
let lastMpan = 1_000_000_000_000;
const home = (changes: Partial<NewHousehold> = {}): NewHousehold => ({
  email: `home${++lastMpan}@example.org`,
  mpan: String(lastMpan),
  address: '12 Mill Lane',
  fuel: 'electricity',
  zone: 'Europe/London',
  from: localDate('2024-01-01'),
  ...changes,
});
const refusedAs = (code: string) => (error: unknown) =>
  error instanceof StabledoorError && error.code === code;

test('a household is added with its meter point, and its link is an entry that does not name the meter point', async () => {
  const added = home({ email: '  Ann@Example.ORG ' });
  const { householdId } = await addHousehold(parts, added);
  const occupier = await findOccupierByEmail(databases.app, 'ann@example.org');
  assert.equal(occupier?.householdId, householdId);
  const [point] = await listMeterPoints(databases.app, householdId);
  assert.deepEqual(
    [point?.mpan, point?.address, point?.tenancyFrom, point?.tenancyUntil],
    [added.mpan, '12 Mill Lane', '2024-01-01', null],
  );
  const entries = await Array.fromAsync(readEntries(databases.app, 1, 0, 100));
  const linked = entries.filter((entry) => entry.includes('meter-point.linked'));
  assert.equal(linked.length, 1);
  assert.ok(!linked[0]?.includes(added.mpan) && !linked[0]?.includes('ann@'));
});

test('adding the same again changes nothing, and a second meter point joins the household', async () => {
  const first = home();
  const { householdId } = await addHousehold(parts, first);
  assert.equal((await addHousehold(parts, first)).linked, false);
  const gas = await addHousehold(parts, home({ email: first.email, fuel: 'gas' }));
  assert.equal(gas.householdId, householdId);
  assert.equal((await listMeterPoints(databases.app, householdId)).length, 2);
});

test('a meter point that is another household’s is not linked, and nothing is left half done', async () => {
  const first = home();
  await addHousehold(parts, first);
  const second = home({ mpan: first.mpan });
  await assert.rejects(addHousehold(parts, second), refusedAs('meter_point_taken'));
  assert.equal(await findOccupierByEmail(databases.app, second.email), null);
});

test('after a move the next household begins on its own day, and no two ever overlap', async () => {
  const first = home();
  const { meterPointId } = await addHousehold(parts, first);
  await sql`update household.tenancy set until_date = '2025-03-01' where meter_point_id = ${meterPointId}`.execute(
    databases.app,
  );
  const early = home({ mpan: first.mpan, from: localDate('2025-02-28') });
  await assert.rejects(addHousehold(parts, early), refusedAs('meter_point_taken'));
  const next = await addHousehold(parts, home({ mpan: first.mpan, from: localDate('2025-03-01') }));
  assert.equal(next.meterPointId, meterPointId);
});

test('twenty calls that add the same household at once add one', async () => {
  const same = home();
  const added = await Promise.all(Array.from({ length: 20 }, () => addHousehold(parts, same)));
  assert.equal(new Set(added.map((each) => each.householdId)).size, 1);
  assert.equal(added.filter((each) => each.linked).length, 1);
});

test('what is no address, meter point, zone or e-mail is refused by name', async () => {
  const faulty: [Partial<NewHousehold>, RegExp][] = [
    [{ email: 'nobody' }, /^email/],
    [{ mpan: "1'; drop table" }, /^meter point/],
    [{ zone: 'Mars/Olympus' }, /^zone/],
    [{ address: 'a\nb' }, /^address/],
    [{ address: ' ' }, /^address/],
  ];
  for (const [changes, message] of faulty) {
    await assert.rejects(
      addHousehold(parts, home(changes)),
      (error) => refusedAs('invalid_request')(error) && message.test((error as Error).message),
    );
  }
});

test('an e-mail address is one address, whatever its case', () => {
  assert.equal(parseEmailAddress(' A.b+c@Ex-ample.org\n'), 'a.b+c@ex-ample.org');
  const bad = ['', 'a', '@b.c', 'a@', 'a@b@c', 'a@b.c, d@e.f', 'a\nBcc: x@y.z@b.c', `${'a'.repeat(65)}@b.c`];
  for (const text of bad) assert.equal(parseEmailAddress(text), null, text);
});
