import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';
import { testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const { app } = databases;
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});

test('a session says what it was opened with, and that cannot be changed', async () => {
  const { occupierId } = await testHousehold({ db: app, ledger });
  const open = (by: string | null) =>
    sql`insert into household.session (token_hash, occupier_id, begun_at, seen_at, expires_at, signed_in_by)
      values (${randomBytes(32)}, ${occupierId}, ledger.now(), ledger.now(), ledger.now(), ${by}::text)`.execute(
      app,
    );
  await open('code');
  await open('passkey');
  await assert.rejects(open('password'), /check/);
  await assert.rejects(open(null), /null value/);
  await assert.rejects(
    sql`update household.session set signed_in_by = 'code'`.execute(app),
    /permission denied/,
  );
});
