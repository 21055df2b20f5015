import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';
import { type TestHousehold, testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const { app } = databases;
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const newHome = () => testHousehold({ db: app, ledger });
const point = (home: TestHousehold) => home.meterPoints[0]?.meterPointId ?? '';
const link = (home: TestHousehold, householdId: string, by: string) =>
  sql`insert into household.link (meter_point_id, household_id, proven_by, proven_at, lapses_at)
    values (${point(home)}, ${householdId}, ${by}, ledger.now(), ledger.now() + interval '12 months')`.execute(
    app,
  );
const moveIn = (home: TestHousehold, householdId: string, from = '2024-01-01') =>
  sql`insert into household.tenancy (meter_point_id, household_id, from_date)
    values (${point(home)}, ${householdId}, ${from}::date)`.execute(app);

test('two households live at one meter point only where one of them entered a code from the post', async () => {
  const [home, checked, posted] = [await newHome(), await newHome(), await newHome()];
  await assert.rejects(moveIn(home, checked.householdId), /overlap/);
  await link(home, checked.householdId, 'operator');
  await assert.rejects(moveIn(home, checked.householdId), /overlap/);
  await link(home, posted.householdId, 'code');
  await moveIn(home, posted.householdId);
  await assert.rejects(moveIn(home, posted.householdId, '2024-06-01'), /overlap|duplicate/);
  await assert.rejects(link(home, newHome.name, 'hearsay'), /check/);
});

test('the application cannot change whose a link or a code is, or what a code is', async () => {
  for (const statement of [
    sql`update household.link set household_id = 'x'`,
    sql`delete from household.link`,
    sql`update household.activation_code set code_hash = ${randomBytes(32)}`,
    sql`update household.activation_code set household_id = null`,
    sql`update household.activation_code set expires_at = ledger.now()`,
    sql`update household.meter_point set homes_ever = 1`,
    sql`select household.erase_links(1::smallint, 'x')`,
  ])
    await assert.rejects(statement.execute(app), /permission denied/);
});
