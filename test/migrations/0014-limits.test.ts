import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

test('the application can lease and never take back, and the table is not written to the log of the database', async () => {
  const { app } = databases;
  await sql`insert into limits.allowance values ('par', decode(repeat('00', 16), 'hex'), 1, 5, ledger.now())`.execute(
    app,
  );
  await assert.rejects(
    sql`update limits.allowance set ends_at = ledger.now()`.execute(app),
    /permission denied/,
  );
  await assert.rejects(sql`truncate limits.allowance`.execute(app), /permission denied/);
  const { rows } = await sql<{ relpersistence: string }>`
    select relpersistence from pg_catalog.pg_class where oid = 'limits.allowance'::regclass`.execute(app);
  assert.equal(rows[0]?.relpersistence, 'u');
});
