// Closing a log queues one mail for each consent that it ends, and none for what was only asked.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

async function insert(state: 'given' | 'requested'): Promise<string> {
  const consentId = newId('consent');
  const [version, expires] = state === 'given' ? [1, sql`ledger.now() + interval '1 day'`] : [0, sql`null`];
  await sql`insert into consent.consent (log_id, consent_id, household_id, occupier_id, client_id, request_ref, purpose, once,
      state, version, expires_at, wording, wording_digest, requested_at, changed_at)
    values (1, ${consentId}, ${newId('household')}, ${newId('occupier')}, ${newId('client')}, 'r', 'energy-advice', false,
      ${state}, ${version}, ${expires}, '{}', ${`${'A'.repeat(43)}=`}, ledger.now(), ledger.now())`.execute(
    app,
  );
  return consentId;
}

test('one mail for each consent that ended, however often it is called', async () => {
  const given = await insert('given');
  await insert('requested');
  const close = async () =>
    (await sql<{ n: number }>`select consent.close_log(1::smallint) as n`.execute(app)).rows[0]?.n;
  assert.equal(await close(), 1);
  assert.equal(await close(), 0);
  const { rows } = await sql<{ consent_id: string; kind: string }>`
    select consent_id, kind from notify.mail`.execute(app);
  assert.deepEqual(rows, [{ consent_id: given, kind: 'restored' }]);
});
