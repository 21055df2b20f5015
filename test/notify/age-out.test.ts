// Notices that nobody takes go after a month, once and for all, and the third party's contact is told.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { giveUpOldNotices, longestWaitDays } from '../../src/notify/age-out.ts';
import { outboxMailer } from '../../src/notify/mail.ts';
import { listWaiting, mostTries, retryAfterSeconds } from '../../src/notify/outbox.ts';
import { testDatabases } from '../support/database.ts';
import { quietLogger } from '../support/ledger.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;

async function waiting(clientId: string, count: number, days: number, contact: string | null): Promise<void> {
  await sql`insert into notify.receiver (client_id, delivery, contact, changed_at)
    values (${clientId}, 'poll', ${contact}, ledger.now()) on conflict do nothing`.execute(app);
  await sql`insert into notify.notice (client_id, event, subject, happened_at, due_at)
    select ${clientId}, 'consent-over', 's', ledger.now() - ${days} * interval '1 day', ledger.now()
      from generate_series(1, ${count}::integer)`.execute(owner);
}
const left = async (clientId: string) => (await listWaiting(app, clientId as never, 5000)).length;

test('a third party that never polls keeps a month of notices, and its contact gets one mail about the rest', async () => {
  const mailer = outboxMailer();
  await waiting('idle', 2300, longestWaitDays + 2, 'ops@idle.example');
  await waiting('idle', 7, longestWaitDays - 1, 'ops@idle.example');
  await waiting('silent', 3, 400, null);
  assert.equal(await giveUpOldNotices({ db: app, mailer, logger: quietLogger }), 2303);
  assert.deepEqual([await left('idle'), await left('silent')], [7, 0]);
  assert.equal(mailer.outbox?.length, 1);
  const [mail] = mailer.outbox ?? [];
  assert.equal(mail?.to, 'ops@idle.example');
  assert.match(mail?.text ?? '', /2300 notices/);
  assert.equal(await giveUpOldNotices({ db: app, mailer, logger: quietLogger }), 0);
  assert.equal(mailer.outbox?.length, 1);
});

test('two processes give each notice up once', async () => {
  await waiting('shared', 900, longestWaitDays + 5, 'ops@shared.example');
  const mailers = [outboxMailer(), outboxMailer()];
  const given = await Promise.all(
    mailers.map((mailer) => giveUpOldNotices({ db: app, mailer, logger: quietLogger })),
  );
  assert.equal((given[0] as number) + (given[1] as number), 900);
  assert.equal(await left('shared'), 0);
});

test('no notice that is still tried is given up', () => {
  const triedFor = retryAfterSeconds.reduce((sum, seconds) => sum + seconds, 0);
  assert.equal(mostTries, retryAfterSeconds.length + 1);
  assert.ok(longestWaitDays * 86_400 > 10 * triedFor);
});
