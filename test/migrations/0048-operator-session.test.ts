import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

test('a session lasts an hour at most, and whose it is cannot be changed', async () => {
  const id = newId('operator');
  await sql`insert into operator.operator (operator_id, name, role, added_at)
    values (${id}, 'Ann', 'administrator', ledger.now())`.execute(app);
  const open = (lasts: string) =>
    sql`insert into operator.session (token_hash, operator_id, begun_at, seen_at, expires_at)
      select ${randomBytes(32)}, ${id}, n, n, n + ${lasts}::interval from (select ledger.now() as n) t`.execute(
      app,
    );
  await open('1 hour');
  await assert.rejects(open('62 minutes'), /check/);
  await assert.rejects(sql`update operator.session set operator_id = 'x'`.execute(app), /permission denied/);
  await assert.rejects(sql`update operator.session set expires_at = now()`.execute(app), /permission denied/);
});
