import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { findConsent, refuseConsent, requestConsent, returnConsent } from '../../../src/consent/consents.ts';
import { openDatabase } from '../../../src/db/database.ts';
import { keepQuiet } from '../../../src/household/door-store.ts';
import type { ClientId } from '../../../src/lib/ids.ts';
import { givenConsent, requestOf } from '../../support/consent.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { type TestHousehold, testHousehold } from '../../support/household.ts';
import { householderPages, signIn, textOf, type Visitor, visitor } from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
const pages = householderPages(broker);
const parts = { db: broker.databases.app, ledger: broker.ledger };
after(() => broker.close());

let home: TestHousehold;
let who: Visitor;
let clientId: ClientId;
beforeEach(async () => {
  home = await testHousehold(parts);
  who = visitor(pages.app);
  clientId = (await broker.thirdParty()).thirdParty.clientId as ClientId;
  await signIn(who, home.email);
});

const cardOf = (text: string, consentId: string) =>
  text
    .split('<div class="govuk-summary-card"')
    .find((part) => part.startsWith(` data-consent="${consentId}"`));

test('each consent is a card that says who, what, why, since when and until when', async () => {
  const given = await givenConsent(parts, home, { clientId });
  const page = await who.get('/consents');
  const card = cardOf(page.text, given.consentId) ?? '';
  for (const words of [
    ...['Brightwatt Ltd', 'Sharing', 'to advise you on how you use energy.', 'Day by day', 'Mill Lane'],
    ...['1 January 2025 – 31 December 2125', 'Ends', 'class="govuk-button govuk-button--warning'],
  ]) {
    assert.ok(card.includes(words), words);
  }
  assert.match(card, /<button class="[^"]*\bstop\b/);
  assert.deepEqual(forbiddenWordsIn(textOf(page)), []);
});

test('one press stops, and the page says when', async () => {
  const { consentId } = await givenConsent(parts, home, { clientId });
  const page = await who.get('/consents');
  const stopped = await who.post(page, `/consents/${consentId}/stop`, {});
  assert.deepEqual([stopped.status, stopped.headers.location], [303, `/consents/${consentId}/stopped`]);
  assert.equal((await findConsent(parts.db, consentId))?.state, 'stopped');
  const confirmation = await who.get(stopped.headers.location ?? '');
  assert.match(textOf(confirmation), /Sharing has stopped at \d\d:\d\d/);
  assert.deepEqual(forbiddenWordsIn(textOf(confirmation)), []);
  const after = await who.get('/consents');
  assert.doesNotMatch(cardOf(after.text, consentId) ?? '', /class="[^"]*\bstop\b/);
  assert.match(cardOf(after.text, consentId) ?? '', />Stopped</);
  assert.equal((await who.post(page, `/consents/${consentId}/stop`, {})).status, 303, 'twice is no error');
});

test('what ended, and what was never shared, is told apart in words', async () => {
  const returned = await givenConsent(parts, home, { clientId });
  await returnConsent(parts, { consentId: returned.consentId, clientId });
  const { consentId } = await requestConsent(parts, requestOf(home, { clientId }));
  await refuseConsent(parts, { consentId, occupierId: home.occupierId });
  const page = await who.get('/consents');
  assert.match(cardOf(page.text, returned.consentId) ?? '', /They gave it back/);
  assert.match(cardOf(page.text, consentId) ?? '', /You said no/);
  assert.match(textOf(page), /You share nothing here\./);
});

test('less is shared from the page, at once, and more is not', async () => {
  const { consentId } = await givenConsent(parts, home, { clientId });
  const dashboard = await who.get('/consents');
  assert.match(cardOf(dashboard.text, consentId) ?? '', /Share less/);
  const path = `/consents/${consentId}/narrow`;
  const page = await who.get(path);
  assert.deepEqual(forbiddenWordsIn(textOf(page)), []);
  assert.doesNotMatch(textOf(page), /Every half hour/);
  const same = await who.post(page, path, { resolution: 'P1D' });
  assert.equal(same.status, 400);
  assert.match(textOf(same), /There is a problem Choose something that is less than now/);
  const less = await who.post(page, path, { resolution: 'P1M', until: '2100-01-01' });
  assert.deepEqual([less.status, less.headers.location], [303, `/consents/${consentId}/narrowed`]);
  const done = await who.get(less.headers.location ?? '');
  assert.match(textOf(done), /You share less with Brightwatt Ltd now/);
  assert.deepEqual(forbiddenWordsIn(textOf(done)), []);
  const after = await findConsent(parts.db, consentId);
  assert.deepEqual([after?.version, after?.terms.resolution, after?.terms.until], [2, 'P1M', '2100-01-01']);
  assert.equal((await who.post(page, path, { resolution: 'P1D' })).status, 400, 'it never grows again');
  const other = await testHousehold(parts);
  const theirs = await givenConsent(parts, other, { clientId });
  assert.equal((await who.get(`/consents/${theirs.consentId}/narrow`)).status, 404);
  const body = { resolution: 'P1M' };
  assert.equal((await who.post(page, `/consents/${theirs.consentId}/narrow`, body)).status, 404);
});

test('a door is shut and opened from its page, and a quiet group is let ask again from its card', async () => {
  const page = await who.get('/door');
  assert.match(textOf(page), /Your door is open/);
  assert.deepEqual(forbiddenWordsIn(textOf(page)), []);
  assert.equal((await who.post(page, '/door', { door: 'shut' })).headers.location, '/door');
  assert.match(textOf(await who.get('/door')), /Your door is shut.*Open my door/);
  assert.equal((await requestConsent(parts, requestOf(home, { clientId }))).state, 'refused');
  assert.equal((await who.post(page, '/door', { door: 'ajar' })).status, 400);
  await who.post(page, '/door', { door: 'open' });
  await keepQuiet(parts.db, home.occupierId);
  const { consentId } = await requestConsent(parts, requestOf(home, { clientId }));
  await refuseConsent(parts, { consentId, occupierId: home.occupierId });
  const dashboard = await who.get('/consents');
  assert.match(cardOf(dashboard.text, consentId) ?? '', /Let them ask again/);
  assert.deepEqual(forbiddenWordsIn(textOf(dashboard)), []);
  assert.equal((await who.post(dashboard, `/consents/${consentId}/let-ask`, {})).status, 303);
  assert.doesNotMatch(cardOf((await who.get('/consents')).text, consentId) ?? '', /Let them ask again/);
});

test('nobody stops, or sees the end of, another’s consent', async () => {
  const other = await testHousehold(parts);
  const { consentId } = await givenConsent(parts, other, { clientId });
  const page = await who.get('/consents');
  assert.ok(!page.text.includes(consentId));
  assert.equal((await who.post(page, `/consents/${consentId}/stop`, {})).status, 404);
  assert.equal((await who.get(`/consents/${consentId}/stopped`)).status, 404);
  assert.equal((await who.post(page, '/consents/nonsense/stop', {})).status, 404);
  assert.equal((await findConsent(parts.db, consentId))?.state, 'given');
});

test('a stop from another site, or without the form’s token, is not taken', async () => {
  const { consentId } = await givenConsent(parts, home, { clientId });
  const page = await who.get('/consents');
  const path = `/consents/${consentId}/stop`;
  assert.equal((await who.post(page, path, { form_token: 'x' })).status, 403);
  assert.equal((await who.post(page, path, {}, { Origin: 'https://evil.example' })).status, 403);
  assert.equal((await findConsent(parts.db, consentId))?.state, 'given');
});

test('while the ledger cannot write, the press stops all the same', async () => {
  const failing = { ...broker.ledger, appendWithin: () => Promise.reject(new Error('disk full')) };
  const { app } = householderPages(broker, { ledger: failing, mailer: pages.mailer });
  const visit = visitor(app);
  await signIn(visit, home.email);
  const { consentId } = await givenConsent(parts, home, { clientId });
  const stopped = await visit.post(await visit.get('/consents'), `/consents/${consentId}/stop`, {});
  assert.equal(stopped.status, 303);
  assert.match(textOf(await visit.get(stopped.headers.location ?? '')), /Sharing has stopped/);
});

test('only when the database does not answer does the page say “not stopped yet”, with the phone number', async () => {
  const url = new URL(broker.databases.urls.app);
  url.port = '1';
  const nowhere = openDatabase({ url: url.href });
  const { app } = householderPages(broker, { db: nowhere });
  const path = `/consents/consent_${'x'.repeat(22)}/stop`;
  const page = await who.get('/consents');
  const stopped = await visitor(app).post(page, path, {}, { Cookie: `stabledoor_session=${'x'.repeat(43)}` });
  await nowhere.destroy();
  assert.equal(stopped.status, 503);
  assert.match(textOf(stopped), /Not stopped yet .*nobody can look at your readings.*phone 0800 000 000/);
});
