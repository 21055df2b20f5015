import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

test('ledger.now() follows the offset that the owner writes', async () => {
  await sql`update ledger.clock_offset set offset_ms = -1000000`.execute(databases.owner);
  const { rows } = await sql<{ behind: number }>`
    select round(extract(epoch from clock_timestamp() - ledger.now()))::int as behind`.execute(databases.app);
  assert.equal(rows[0]?.behind, 1000);
});

test('the application role cannot write the offset', async () => {
  await assert.rejects(
    sql`update ledger.clock_offset set offset_ms = 0`.execute(databases.app),
    /permission denied/,
  );
});
