// What a log is opened with, it keeps. The append functions of this migration are tested in
// test/ledger/append-functions.test.ts, the rights in test/migrations/least-privilege.test.ts.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { owner, app } = databases;

const open = async (log: number, origin: string, mode: string): Promise<number> => {
  const { rows } = await sql<{ size: number }>`
    select ledger.open_log(${log}::smallint, ${origin}, ${mode}) as size`.execute(app);
  return rows[0]?.size as number;
};

test('a log keeps its origin and mode, and no two logs have one origin', async () => {
  assert.equal(await open(1, 'one.example/ledger', 'sandbox'), 0);
  assert.equal(await open(1, 'one.example/ledger', 'sandbox'), 0);
  await assert.rejects(open(1, 'two.example/ledger', 'sandbox'), /has the origin one\.example\/ledger/);
  await assert.rejects(open(1, 'one.example/ledger', 'production'), /was opened in sandbox mode/);
  await assert.rejects(open(2, 'one.example/ledger', 'sandbox'));
  await assert.rejects(open(2, 'two.example/ledger', 'trial'), /check constraint/);
});

test('an origin that would blur a line of a checkpoint or of a key is refused', async () => {
  for (const origin of ['', 'a b', 'a+b', 'a\nb', 'x'.repeat(256)])
    await assert.rejects(open(3, origin, 'sandbox'), /check constraint/, JSON.stringify(origin));
});

test('production refuses a clock with an offset', async () => {
  await sql`update ledger.clock_offset set offset_ms = 1`.execute(owner);
  await assert.rejects(open(4, 'four.example/ledger', 'production'), /production refuses/);
  await sql`update ledger.clock_offset set offset_ms = 0`.execute(owner);
  assert.equal(await open(4, 'four.example/ledger', 'production'), 0);
});
