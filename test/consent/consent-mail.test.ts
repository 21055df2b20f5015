// The mails about a consent: each is due by the transaction that makes it so, sent once, and lost by no crash.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { eraseHousehold, requestErasure } from '../../src/audit/erasure.ts';
import { composeConsentMail } from '../../src/consent/compose-mail.ts';
import { giveConsent, narrowConsent, requestConsent, stopConsent } from '../../src/consent/consents.ts';
import { remindConsents } from '../../src/consent/remind-consents.ts';
import type { ClientId } from '../../src/lib/ids.ts';
import { localDate } from '../../src/lib/local-date.ts';
import { deliverMail } from '../../src/notify/deliver-mail.ts';
import { type Mailer, outboxMailer } from '../../src/notify/mail.ts';
import { takeDueMail } from '../../src/notify/mail-store.ts';
import { receiptSigner } from '../../src/oauth/sign-receipt.ts';
import { choiceOf, givenConsent, requestOf } from '../support/consent.ts';
import { forbiddenWordsIn } from '../support/forbidden-words.ts';
import { testHousehold } from '../support/household.ts';
import { quietLogger } from '../support/ledger.ts';
import { moveClock } from '../support/move-clock.ts';
import { oauthBroker, testIssuer } from '../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { databases, ledger, clock } = broker;
const db = databases.app;
const parts = { db, ledger };
const compose = composeConsentMail({
  ...{ db, clock, issuer: testIssuer, signReceipt: receiptSigner(broker.parts.signingKeys) },
});
const sending = (mailer: Mailer) => ({ db, logger: quietLogger, mailer, compose });

async function sent(): Promise<readonly { to: string; subject: string; text: string; messageId?: string }[]> {
  const mailer = outboxMailer();
  while ((await deliverMail(sending(mailer))) > 0);
  return mailer.outbox ?? [];
}
const day = 86_400_000;
async function shared(terms: Parameters<typeof givenConsent>[2] = {}) {
  const home = await testHousehold(parts);
  const clientId = (await broker.thirdParty()).thirdParty.clientId as ClientId;
  return { home, consent: await givenConsent(parts, home, { clientId, ...terms }) };
}
const move = async (byMs: number) => {
  await moveClock(db, byMs);
  await clock.refresh();
};

test('who shared something when a log was closed after a restore is told, and pushed to nothing', async () => {
  const { home, consent } = await shared();
  await sent();
  await sql`select consent.close_log(${ledger.logId}::smallint)`.execute(db);
  const mail = (await sent()).find(({ to }) => to === home.email);
  assert.match(mail?.subject ?? '', /^Sharing with Brightwatt.* has ended$/);
  assert.match(mail?.text ?? '', /they have to ask you again, and you can say no/);
  assert.deepEqual(forbiddenWordsIn(mail?.text ?? ''), []);
  assert.ok(consent.consentId);
});

test('giving a consent mails its receipt, once, to who gave it, with a link that stops it', async () => {
  const { home, consent } = await shared();
  const [mail, ...others] = await sent();
  assert.deepEqual(others, []);
  assert.equal(mail?.to, home.email);
  assert.match(mail?.subject ?? '', /^Your receipt: you share your energy use with Brightwatt/);
  assert.match(mail?.text ?? '', /https:\/\/broker\.example\/stop\/[A-Za-z0-9_-]{43}\n/);
  assert.match(mail?.text ?? '', /What: Electricity you buy, day by day/);
  assert.deepEqual(forbiddenWordsIn(mail?.text ?? ''), []);
  assert.deepEqual(await sent(), []);
  const choice = choiceOf(home, { resolution: 'P1M' });
  const { consentId } = consent;
  await narrowConsent(parts, { consentId, occupierId: home.occupierId, choice, signedBy: 'code' });
  assert.match((await sent())[0]?.text ?? '', /What: Electricity you buy, month by month/);
});

test('a consent that is not given mails nothing: the mail stands or falls with it', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await requestConsent(parts, requestOf(home));
  const within = () => Promise.reject(new Error('no code could be made'));
  const gift = { consentId, occupierId: home.occupierId, choice: choiceOf(home), signedBy: 'code' as const };
  await assert.rejects(giveConsent(parts, { ...gift, within }), /no code/);
  assert.deepEqual(await sent(), []);
});

test('a process that dies with a mail delays it and loses nothing; what comes again is the same mail', async () => {
  const { home } = await shared();
  const [taken] = await takeDueMail(db, 10);
  assert.deepEqual(await sent(), [], 'it is that process’s for a minute');
  await move(61_000);
  const [again] = await sent();
  assert.deepEqual([again?.to, again?.messageId], [home.email, taken?.message]);
});

test('a mail server that fails gets it again later, and at last it is given up', async () => {
  const { consent } = await shared();
  let tries = 0;
  const broken = { ...outboxMailer(), deliver: async () => Promise.reject(new Error(`try ${++tries}`)) };
  for (let day = 0; day < 8; day++) {
    await deliverMail(sending(broken));
    await move(86_400_000);
  }
  assert.equal(tries, 6);
  const { rows } = await sql`select outcome from notify.mail where consent_id = ${consent.consentId}`.execute(
    db,
  );
  assert.deepEqual(rows, [{ outcome: 'given-up' }]);
});

test('a reminder comes after 90 days and 14 days before the end, once each, whoever looks', async () => {
  const until = localDate(new Date(clock.nowMs() + 200 * day).toISOString().slice(0, 10));
  const { home } = await shared({ terms: { until } });
  await sent();
  const mine = async () => {
    await Promise.all([remindConsents({ db }), remindConsents({ db }), remindConsents({ db })]);
    return (await sent()).filter(({ to }) => to === home.email).map(({ subject }) => subject);
  };
  await move(89 * day);
  assert.deepEqual(await mine(), []);
  await move(1.1 * day);
  assert.match((await mine())[0] ?? '', /^You still share your energy use with Brightwatt/);
  assert.deepEqual(await mine(), []);
  await move(90 * day);
  assert.equal((await mine()).length, 1);
  await move(10 * day);
  assert.match((await mine()).join(), /^Sharing with Brightwatt( Ltd)? ends on /);
  await move(5 * day);
  assert.deepEqual(await mine(), []);
});

test('of a consent that is over by then nothing is said', async () => {
  const { home, consent } = await shared();
  await stopConsent(parts, { consentId: consent.consentId, occupierId: home.occupierId });
  assert.deepEqual(await sent(), []);
  const { rows } = await sql`select outcome from notify.mail where consent_id = ${consent.consentId}`.execute(
    db,
  );
  assert.deepEqual(rows, [{ outcome: 'dropped' }]);
});

test('neither an address nor a link stands in the outbox, and erasing a household takes its mail and its links', async () => {
  const { home, consent } = await shared();
  await sent();
  const { rows } = await sql<{ text: string }>`
    select coalesce(string_agg(m::text, ' '), '') || coalesce(string_agg(s::text, ' '), '') as text
      from notify.mail m left join consent.stop_link s on s.consent_id = m.consent_id`.execute(db);
  for (const secret of [home.email, '/stop/', '@']) assert.ok(!rows[0]?.text.includes(secret), secret);
  const erasing = { ...parts, clock };
  await requestErasure(erasing, home.householdId, { askedBy: 'operator', now: true });
  await eraseHousehold(erasing, home.householdId);
  const left = await sql`select 1 from notify.mail where consent_id = ${consent.consentId}
    union all select 1 from consent.stop_link where consent_id = ${consent.consentId}`.execute(db);
  assert.equal(left.rows.length, 0);
});
