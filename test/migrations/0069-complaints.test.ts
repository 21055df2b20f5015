import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

test('what a household wrote cannot be changed or deleted by the application', async () => {
  for (const statement of [
    sql`update household.complaint set text = 'x'`,
    sql`update household.complaint set household_id = 'x'`,
    sql`update household.complaint set made_at = ledger.now()`,
    sql`delete from household.complaint`,
    sql`select household.erase_complaints(1::smallint, 'x')`,
  ])
    await assert.rejects(statement.execute(databases.app), /permission denied/);
});
