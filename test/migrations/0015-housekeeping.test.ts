import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, audit, owner } = databases;

test('the application may sweep what is spent and delete nothing else; nor may it make room', async () => {
  await sql`select oauth.sweep(100)`.execute(app);
  await assert.rejects(sql`select oauth.sweep(0)`.execute(app), /between 1 and 10000/);
  await assert.rejects(sql`select oauth.sweep(100)`.execute(audit), /permission denied/);
  for (const forbidden of [
    sql`delete from oauth.used_proof`,
    sql`delete from oauth.authorization_code`,
    sql`delete from oauth.refresh_token`,
    sql`delete from notify.notice`,
    sql`update oauth.jti_room set is_full = false`,
    sql`update oauth.jti_room set most = 5000000`,
  ])
    await assert.rejects(forbidden.execute(app), /permission denied/);
});

test('two sweeps do not wait for each other', async () => {
  await owner.transaction().execute(async (tx) => {
    await sql`select oauth.sweep(10)`.execute(tx);
    const { rows } = await sql<{ swept: number }>`select oauth.sweep(10) as swept`.execute(app);
    assert.deepEqual(rows, [{ swept: 0 }]);
  });
});
