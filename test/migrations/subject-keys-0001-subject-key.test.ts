import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const keeper = databases.open<SubjectKeyTables>(databases.urls.subjectKeys, 1);

const keep = (household: string, key: Buffer) =>
  keeper.insertInto('subject.key').values({ household_id: household, key }).execute();

test('a household has one key, of 32 bytes, which can be deleted and not changed', async () => {
  await keep('household_1', randomBytes(32));
  await assert.rejects(keep('household_1', randomBytes(32)), /duplicate key/);
  for (const bytes of [0, 31, 33])
    await assert.rejects(keep('household_2', randomBytes(bytes)), /check constraint/);
  await assert.rejects(sql`update subject.key set key = key`.execute(keeper), /permission denied/);
  await keeper.deleteFrom('subject.key').where('household_id', '=', 'household_1').execute();
});

test('no role of the other databases reads a key', async () => {
  const keys = new URL(databases.urls.subjectKeys).pathname;
  const { app, audit, importer, meterReader } = databases.urls;
  for (const url of [app, audit, importer, meterReader]) {
    const there = new URL(url);
    there.pathname = keys;
    const db = databases.open<SubjectKeyTables>(there.href, 1);
    await assert.rejects(sql`select key from subject.key`.execute(db), /permission denied/, there.username);
  }
});
