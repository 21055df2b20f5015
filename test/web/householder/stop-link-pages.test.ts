import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { findConsent, issueReceipt } from '../../../src/consent/consents.ts';
import { openDatabase } from '../../../src/db/database.ts';
import type { ClientId } from '../../../src/lib/ids.ts';
import { receiptSigner } from '../../../src/oauth/sign-receipt.ts';
import { givenConsent } from '../../support/consent.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { testHousehold } from '../../support/household.ts';
import { householderPages, pagesIssuer, signIn, textOf, visitor } from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const pages = householderPages(broker);
const parts = { db: broker.databases.app, ledger: broker.ledger };
const signReceipt = receiptSigner(broker.parts.signingKeys);

async function shared() {
  const home = await testHousehold(parts);
  const clientId = (await broker.thirdParty()).thirdParty.clientId as ClientId;
  const consent = await givenConsent(parts, home, { clientId });
  const receipts = { db: parts.db, clock: broker.clock, issuer: pagesIssuer, signReceipt };
  const { stopLink } = await issueReceipt(receipts, consent.consentId);
  return { home, consent, path: stopLink.slice(pagesIssuer.length) };
}
const stateOf = async ({ consentId }: { consentId: never | string }) =>
  (await findConsent(parts.db, consentId as never))?.state;

test('opening the link changes nothing, however often and however it is opened', async () => {
  const { consent, path } = await shared();
  for (let i = 0; i < 5; i++) {
    const page = await request(pages.app).get(path);
    assert.equal(page.status, 200);
    assert.match(textOf(page), /Stop sharing with Brightwatt Ltd\?/);
    assert.deepEqual(page.text.match(/<button/g)?.length, 1, 'one button');
    assert.doesNotMatch(page.text, /<a [^>]*href="[^"]*\/stop\//, 'no link that stops');
    assert.deepEqual(forbiddenWordsIn(textOf(page)), []);
  }
  assert.equal((await request(pages.app).head(path)).status, 200);
  assert.equal((await request(pages.app).options(path)).status >= 200, true);
  assert.equal((await request(pages.app).put(path)).status >= 400, true);
  assert.equal(await stateOf(consent), 'given');
});

test('one press stops, without signing in, and the link goes on saying so', async () => {
  const { consent, path } = await shared();
  const pressed = await request(pages.app).post(path);
  assert.deepEqual([pressed.status, pressed.headers.location], [303, path]);
  assert.equal(await stateOf(consent), 'stopped');
  const after = await request(pages.app).get(path);
  assert.match(textOf(after), /Sharing has stopped at \d\d:\d\d/);
  assert.equal((await request(pages.app).post(path)).status, 303, 'twice is no error');
});

test('the link tells nobody its address: no referrer, no cache, no index, nothing of another site on the page', async () => {
  const { path } = await shared();
  for (const answer of [await request(pages.app).get(path), await request(pages.app).post(path)]) {
    assert.equal(answer.headers['referrer-policy'], 'no-referrer');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(answer.headers['x-robots-tag'] ?? '', /noindex/);
    assert.doesNotMatch(answer.text.replaceAll('noreferrer', ''), /(src|action)="https?:/);
  }
});

test('a link is for one consent, works for nothing else, and cannot be made up', async () => {
  const [one, two] = [await shared(), await shared()];
  await request(pages.app).post(one.path);
  assert.equal(await stateOf(two.consent), 'given');
  const token = two.path.split('/').at(-1) ?? '';
  const other = token[0] === 'A' ? 'B' : 'A';
  for (const wrong of [
    '',
    'x',
    `${other}${token.slice(1)}`,
    `${token}A`,
    token.slice(1),
    two.consent.consentId,
  ]) {
    assert.equal((await request(pages.app).get(`/stop/${wrong}`)).status, 404, wrong);
    assert.equal((await request(pages.app).post(`/stop/${wrong}`)).status, 404, wrong);
  }
  assert.equal(await stateOf(two.consent), 'given');
  const { rows } = await parts.db
    .selectFrom('consent.stop_link')
    .select('token_hash')
    .where('consent_id', '=', two.consent.consentId)
    .execute()
    .then((found) => ({ rows: found }));
  assert.ok(rows.every(({ token_hash }) => !token_hash.toString('base64url').includes(token.slice(0, 20))));
});

test('a form of another site is not taken', async () => {
  const { consent, path } = await shared();
  assert.equal((await request(pages.app).post(path).set('Origin', 'https://evil.example')).status, 403);
  assert.equal((await request(pages.app).post(path).set('Sec-Fetch-Site', 'cross-site')).status, 403);
  assert.equal(await stateOf(consent), 'given');
});

test('by the link too a stop is kept while the ledger cannot write, and only without a database not taken', async () => {
  const { consent, path } = await shared();
  const failing = { ...broker.ledger, appendWithin: () => Promise.reject(new Error('disk full')) };
  const { app } = householderPages(broker, { ledger: failing });
  assert.equal((await request(app).post(path)).status, 303);
  assert.equal(await stateOf(consent), 'stopped');
  const url = new URL(broker.databases.urls.app);
  url.port = '1';
  const nowhere = openDatabase({ url: url.href });
  const without = await request(householderPages(broker, { db: nowhere }).app).post((await shared()).path);
  await nowhere.destroy();
  assert.equal(without.status, 503);
  assert.match(textOf(without), /Not stopped yet/);
});

test('a signed-in householder takes the receipt as a file, and nobody else does', async () => {
  const { home, consent } = await shared();
  const who = visitor(pages.app);
  await signIn(who, home.email);
  const file = await who.take(`/consents/${consent.consentId}/receipt`);
  assert.equal(file.status, 200);
  assert.match(file.headers['content-disposition'] ?? '', /attachment; filename="?consent-receipt\.jws"?/);
  assert.equal((file.body as string).split('.').length, 3);
  const stranger = visitor(pages.app);
  await signIn(stranger, (await testHousehold(parts)).email);
  assert.equal((await stranger.get(`/consents/${consent.consentId}/receipt`)).status, 404);
});
