import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, audit, owner } = databases;

test('only the trigger writes a notice, and what a notice says cannot be changed', async () => {
  await sql`insert into notify.notice (client_id, event, subject, happened_at, due_at)
    values ('c', 'consent-over', 's', ledger.now(), ledger.now())`.execute(owner);
  for (const forbidden of [
    sql`insert into notify.notice (client_id, event, subject, happened_at, due_at)
      values ('c', 'consent-over', 's', ledger.now(), ledger.now())`,
    sql`update notify.notice set subject = 'other'`,
    sql`update notify.notice set client_id = 'other'`,
    sql`delete from notify.notice`,
    sql`select notify.write_notice('c', 'consent-over', 's')`,
  ])
    await assert.rejects(forbidden.execute(app), /permission denied/);
});

test('a receiver is pushed to with an address and a secret, or polls with neither; a reader never sees the secret', async () => {
  const insert = (delivery: string, endpoint: string | null, secret: Buffer | null) =>
    sql`insert into notify.receiver (client_id, delivery, endpoint, webhook_secret, changed_at)
      values (${newId('client')}, ${delivery}, ${endpoint}, ${secret}, ledger.now())`.execute(app);
  await insert('push', 'https://a.example', Buffer.alloc(32));
  await insert('poll', null, null);
  await assert.rejects(insert('push', null, Buffer.alloc(32)), /check/);
  await assert.rejects(insert('push', 'https://a.example', null), /check/);
  await assert.rejects(insert('poll', 'https://a.example', null), /check/);
  await assert.rejects(sql`select webhook_secret from notify.receiver`.execute(audit), /permission denied/);
});
