import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

const insert = (owner: string, id = randomBytes(16)) =>
  sql`insert into passkey.credential (credential_id, owner, public_key, counter, transports, synced, label, added_at)
    values (${id}, ${owner}, ${randomBytes(77)}, 0, '{internal}', false, 'Phone', ledger.now())`.execute(app);

test('a passkey is an occupier’s or an operator’s, and its id is used once', async () => {
  const id = randomBytes(16);
  await insert(newId('occupier'), id);
  await insert(`operator_${'a'.repeat(22)}`);
  await assert.rejects(insert(newId('occupier'), id), /duplicate key/);
  await assert.rejects(insert(newId('household')), /check/);
});

test('the application cannot give a passkey to somebody else, or change its key', async () => {
  for (const change of [sql`owner = 'x'`, sql`public_key = '\\x00'`, sql`credential_id = '\\x00'`])
    await assert.rejects(sql`update passkey.credential set ${change}`.execute(app), /permission denied/);
  await assert.rejects(
    sql`update passkey.challenge set expires_at = ledger.now()`.execute(app),
    /permission denied/,
  );
  await assert.rejects(
    sql`select passkey.erase_household(1::smallint, 'x')`.execute(app),
    /permission denied/,
  );
});
