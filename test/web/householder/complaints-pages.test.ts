import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import {
  acknowledge,
  answerComplaint,
  listComplaints,
  listOwnComplaints,
} from '../../../src/household/complaint-store.ts';
import type { ClientId } from '../../../src/lib/ids.ts';
import { setReceiver } from '../../../src/notify/receivers.ts';
import { givenConsent } from '../../support/consent.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { type TestHousehold, testHousehold } from '../../support/household.ts';
import { householderPages, signIn, textOf, visitor } from '../../support/householder-pages.ts';
import { moveClock } from '../../support/move-clock.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
const pages = householderPages(broker);
const db = broker.databases.app;
const parts = { db, ledger: broker.ledger };
after(() => broker.close());

async function signedIn(home: TestHousehold) {
  const who = visitor(pages.app);
  await signIn(who, home.email);
  return who;
}

test('a complaint is sent, acknowledged and answered, and its page says so each time', async () => {
  const home = await testHousehold(parts);
  const who = await signedIn(home);
  const page = await who.get('/complaints');
  assert.match(textOf(page), /within 30 days/);
  assert.equal(
    (await who.post(page, '/complaints', { text: '  It shows <b>a stranger</b>.\r\nWhy?  ' })).status,
    303,
  );
  const sent = await who.get('/complaints');
  assert.ok(sent.text.includes('It shows &lt;b&gt;a stranger&lt;/b&gt;.\nWhy?'));
  assert.match(textOf(sent), /Sent/);
  const [complaint] = await listOwnComplaints(db, home.householdId);
  const id = complaint?.complaintId ?? '';
  assert.equal(await acknowledge(db, id), true);
  assert.equal(await acknowledge(db, id), false, 'once');
  assert.match(textOf(await who.get('/complaints')), /We have it, since/);
  assert.equal(await answerComplaint(db, id, 'It was a neighbour’s meter.'), true);
  assert.equal(await answerComplaint(db, id, 'Or not.'), false, 'once');
  const answered = textOf(await who.get('/complaints'));
  assert.match(answered, /Answered on .*Our answer It was a neighbour’s meter\./);
  assert.deepEqual(forbiddenWordsIn(answered), []);
});

test('nobody sees another’s complaint, an empty one and an eleventh are refused in words', async () => {
  const [home, other] = [await testHousehold(parts), await testHousehold(parts)];
  const who = await signedIn(home);
  const page = await who.get('/complaints');
  for (let i = 0; i < 10; i++)
    assert.equal((await who.post(page, '/complaints', { text: `number ${i}` })).status, 303);
  const eleventh = await who.post(page, '/complaints', { text: 'number 10' });
  assert.deepEqual([eleventh.status, /Ten of your complaints/.test(textOf(eleventh))], [409, true]);
  const stranger = await signedIn(other);
  const empty = await stranger.post(await stranger.get('/complaints'), '/complaints', { text: ' ' });
  assert.deepEqual([empty.status, /Write 1 to 2,000 letters/.test(textOf(empty))], [400, true]);
  assert.doesNotMatch(textOf(await (await signedIn(other)).get('/complaints')), /number 3/);
  const foreign = await who.post(page, '/complaints', { text: 'x', form_token: 'x' });
  assert.equal(foreign.status, 403);
});

test('one that nobody acknowledged in 30 days is overdue, and all of them go with the household', async () => {
  const home = await testHousehold(parts);
  const who = await signedIn(home);
  await who.post(await who.get('/complaints'), '/complaints', { text: 'late' });
  const overdue = async () =>
    (await listComplaints(db, { all: false, limit: 1000 })).find(({ text }) => text === 'late')?.isOverdue;
  assert.equal(await overdue(), false);
  await moveClock(db, 31 * 86_400_000);
  assert.equal(await overdue(), true);
  await sql`select household.erase_complaints(1::smallint, ${home.householdId})`.execute(
    broker.databases.owner,
  );
  assert.equal(await overdue(), undefined);
});

test('the card of what was stopped says whether the third party took the message', async () => {
  const home = await testHousehold(parts);
  const clientId = (await broker.thirdParty()).thirdParty.clientId as ClientId;
  await setReceiver({ ...broker.parts, production: false }, { clientId, endpoint: null, contact: null });
  const { consentId } = await givenConsent(parts, home, { clientId });
  const who = await signedIn(home);
  const page = await who.get('/consents');
  assert.doesNotMatch(textOf(page), /We told them/);
  await who.post(page, `/consents/${consentId}/stop`, {});
  assert.match(textOf(await who.get('/consents')), /We told them The message is on its way/);
  await sql`update notify.notice set outcome = 'delivered', settled_at = ledger.now() where subject = ${consentId}`.execute(
    broker.databases.owner,
  );
  const told = textOf(await who.get('/consents'));
  assert.match(told, /We told them They took the message on/);
  assert.deepEqual(forbiddenWordsIn(told), []);
});
