import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

const insert = (consent: string, kind: string, number: number) =>
  sql`insert into notify.mail (occupier_id, consent_id, kind, number, due_at)
    values ('o', ${consent}, ${kind}, ${number}, ledger.now())`.execute(app);

test('the same mail is queued once', async () => {
  await insert('a', 'receipt', 1);
  await insert('a', 'receipt', 2);
  await insert('a', 'reminder', 1);
  await assert.rejects(insert('a', 'receipt', 1), /unique/);
  await assert.rejects(insert('a', 'advert', 1), /check constraint/);
});

test('the application cannot change whom a mail is for, nor take one away', async () => {
  for (const statement of [
    sql`update notify.mail set occupier_id = 'x'`,
    sql`update notify.mail set consent_id = 'x'`,
    sql`delete from notify.mail`,
  ])
    await assert.rejects(statement.execute(app), /permission denied/);
});
