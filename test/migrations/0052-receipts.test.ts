import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

test('a link is kept as a hash, and the application can neither change nor remove one', async () => {
  const insert = (hash: Buffer) =>
    sql`insert into consent.stop_link (token_hash, consent_id, made_at) values (${hash}, 'c', ledger.now())`.execute(
      app,
    );
  await insert(Buffer.alloc(32, 1));
  await assert.rejects(insert(Buffer.alloc(32, 1)), /unique/);
  await assert.rejects(insert(Buffer.alloc(31, 1)), /check constraint/);
  for (const statement of [
    sql`update consent.stop_link set consent_id = 'x'`,
    sql`delete from consent.stop_link`,
  ])
    await assert.rejects(statement.execute(app), /permission denied/);
});
