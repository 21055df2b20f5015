import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

test('only a refused consent has a quiet after it', async () => {
  const insert = (state: string, quiet: string | null) => {
    const id = newId('consent');
    return sql`
      insert into consent.consent (log_id, consent_id, household_id, occupier_id, client_id, request_ref, purpose, once,
        state, version, wording, wording_digest, requested_at, changed_at, quiet_until)
      values (1, ${id}, ${newId('household')}, 'o', ${newId('client')}, ${id}, 'claim', false, ${state}, 0, '{}',
        ${`${'A'.repeat(43)}=`}, ledger.now(), ledger.now(), ${quiet})`.execute(app);
  };
  await insert('refused', '2126-01-01');
  await insert('refused', null);
  await assert.rejects(insert('requested', '2126-01-01'), /check constraint/);
});

test('the application opens and shuts doors, and changes no occupier otherwise', async () => {
  await sql`update household.occupier set door_shut_at = ledger.now(), keeps_quiet = true`.execute(app);
  for (const column of ['email', 'household_id', 'occupier_id'])
    await assert.rejects(
      sql`update household.occupier set ${sql.id(column)} = 'x'`.execute(app),
      /permission denied/,
    );
});
