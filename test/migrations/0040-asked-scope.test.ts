// The scope that a grant was asked by: of one form only, and moved along by the one function that may move a grant.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

test('a grant has a scope of a purpose or none', async () => {
  const insert = (scope: string | null) =>
    sql`insert into oauth.grant (grant_id, client_id, consent_id, scope, created_at)
      values (${newId('grant')}, 'c', ${newId('consent')}, ${scope}, ledger.now())`.execute(app);
  for (const scope of [null, 'readings:energy-advice']) await insert(scope);
  for (const scope of ['openid', 'readings:', 'readings:a b', 'readings:energy-advice ', ''])
    await assert.rejects(insert(scope), /grant_scope_check/, String(scope));
});

test('the application cannot change the scope of a grant', async () => {
  await assert.rejects(sql`update oauth.grant set scope = null`.execute(app), /permission denied/);
});
