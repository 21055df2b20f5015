// What the functions of a succession do to logs, pending entries and closed households, asked of the database itself.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId, newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger, testOrigin } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const { app, owner } = databases;
const next = `${testOrigin}-2`;

const waiting = async () =>
  (
    await sql<{ log_id: number }>`select log_id from ledger.pending order by pending_id`.execute(app)
  ).rows.map((row) => row.log_id);
const keepPending = (logId: number) =>
  sql`select ledger.add_pending(${logId}::smallint, ${newRequestId()}::uuid, null, '{"kind":"x"}')`.execute(
    app,
  );

test('a log is succeeded once; what waits goes with it, and so does what comes to the former one later', async () => {
  const household = newId('household');
  const req = newRequestId();
  await sql`select subject.close(1::smallint, ${household}, ${req}::uuid)`.execute(app);
  await app.transaction().execute(async (tx) => {
    await sql`select ledger.add_pending(1::smallint, ${newRequestId()}::uuid, null, '{"kind":"x"}')`.execute(
      tx,
    );
    await sql`select ledger.succeed_log(1::smallint, ${next})`.execute(tx);
    await sql`select ledger.take_over_pending(2::smallint)`.execute(tx);
  });
  await keepPending(1);
  assert.deepEqual(await waiting(), [2, 2]);
  const { rows } = await sql<{ log_id: number }>`
    select log_id from subject.closed where household_id = ${household} and req = ${req}::uuid order by log_id`.execute(
    app,
  );
  assert.deepEqual(
    rows.map((row) => row.log_id),
    [1, 2],
  );
  await assert.rejects(sql`select ledger.succeed_log(1::smallint, ${`${next}-other`})`.execute(app), {
    code: 'SD007',
  });
});

test('the head of a closed log cannot be changed, not even by its owner', async () => {
  await assert.rejects(sql`update ledger.head set closed = false where log_id = 1`.execute(owner), {
    code: 'SD007',
  });
  await assert.rejects(sql`delete from ledger.head where log_id = 1`.execute(owner), { code: 'SD007' });
});

test('rows of a household go only where a log says that it is erased', async () => {
  await assert.rejects(sql`select subject.erase(2::smallint, ${newId('household')})`.execute(app), {
    code: 'SD006',
  });
});
