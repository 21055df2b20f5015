import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, audit } = databases;

test('the application may add homes and end a tenancy, and take nothing back', async () => {
  for (const statement of [
    sql`delete from household.household`,
    sql`delete from household.tenancy`,
    sql`update household.occupier set email = 'x@y.z'`,
    sql`update household.tenancy set household_id = ''`,
    sql`update household.sign_in set code_hash = ''`,
    sql`update household.session set expires_at = ledger.now()`,
    sql`truncate household.session`,
  ]) {
    await assert.rejects(statement.execute(app), /permission denied/);
  }
});

test('the regulator’s reader sees nothing of who lives where', async () => {
  await assert.rejects(sql`select email from household.occupier`.execute(audit), /permission denied/);
  await assert.rejects(sql`select address from household.meter_point`.execute(audit), /permission denied/);
});
