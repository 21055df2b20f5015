import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { owner, app, audit } = databases;

test('there is one offset, always, and both ways to ask for the time follow it', async () => {
  await assert.rejects(sql`insert into ledger.clock_offset default values`.execute(owner), /duplicate key/);
  await assert.rejects(
    sql`insert into ledger.clock_offset values (false, 1)`.execute(owner),
    /check constraint/,
  );
  await sql`update ledger.clock_offset set offset_ms = -86400000`.execute(owner);
  const { rows } = await sql<{ ms: number; behind: number }>`
    select abs(extract(epoch from ledger.now()) * 1000 - ledger.now_ms())::int as ms,
      round(extract(epoch from clock_timestamp() - ledger.now()))::int as behind`.execute(app);
  assert.ok((rows[0]?.ms as number) < 1000);
  assert.equal(rows[0]?.behind, 86_400);
});

test('application and regulator may ask for the time, and neither may set it', async () => {
  for (const db of [app, audit]) {
    await sql`select ledger.now(), ledger.now_ms()`.execute(db);
    await assert.rejects(sql`update ledger.clock_offset set offset_ms = 0`.execute(db), /permission denied/);
  }
});
