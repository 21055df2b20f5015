// Passkeys on the householder's pages: added, used and removed by their owner, and by nobody else.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Response } from 'supertest';
import { type SoftAuthenticator, softAuthenticator, type Wrong } from '../../support/authenticator.ts';
import { testHousehold } from '../../support/household.ts';
import {
  hidden,
  householderPages,
  pagesIssuer,
  signIn,
  textOf,
  type Visitor,
  visitor,
} from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const pages = householderPages(broker);
const base = { db: broker.databases.app, ledger: broker.ledger };

/** What the page asks the browser's authenticator. */
function optionsOf(page: Response) {
  const text = /data-options="([^"]*)"/.exec(page.text)?.[1];
  assert.ok(text, `no passkey is asked for: ${page.text.slice(0, 300)}`);
  return JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'));
}

async function signedIn(): Promise<{ who: Visitor; email: string }> {
  const { email } = await testHousehold(base);
  const who = visitor(pages.app);
  await signIn(who, email);
  return { who, email };
}

async function add(
  who: Visitor,
  authenticator: SoftAuthenticator,
  label = 'kitchen tablet',
  wrong: Wrong = {},
) {
  const page = await who.get('/passkeys');
  const passkey = authenticator.create(optionsOf(page), wrong);
  return who.post(page, '/passkeys', { passkey, label });
}

async function signInWith(
  authenticator: SoftAuthenticator,
  { who = visitor(pages.app), wrong = {} }: { who?: Visitor; wrong?: Wrong } = {},
) {
  const page = await who.get('/sign-in/passkey?return_to=%2Fpasskeys');
  const passkey = authenticator.get(optionsOf(page), wrong);
  return {
    who,
    passkey,
    answer: await who.post(page, '/sign-in/passkey', { passkey, return_to: '/passkeys' }),
  };
}

test('a householder adds a passkey, signs in with it, and is told of it by mail', async () => {
  const { who, email } = await signedIn();
  const authenticator = softAuthenticator(pagesIssuer);
  assert.equal((await add(who, authenticator)).status, 303);
  const mail = pages.mailer.outbox?.find(({ to }) => to === email);
  assert.match(mail?.text ?? '', /“kitchen tablet” was added/);
  assert.doesNotMatch(mail?.reference ?? '', /@/);
  const { who: again, answer } = await signInWith(authenticator);
  assert.deepEqual([answer.status, answer.headers.location], [303, '/passkeys']);
  const shown = textOf(await again.get('/passkeys'));
  assert.match(shown, /kitchen tablet/);
  assert.match(shown, /Last used on/);
});

test('the page asks for a passkey by no name, and looks the same to everybody', async () => {
  const page = await visitor(pages.app).get('/sign-in/passkey');
  const { allowCredentials, rpId, userVerification } = optionsOf(page);
  assert.deepEqual([allowCredentials ?? [], rpId, userVerification], [[], 'localhost', 'required']);
  assert.match(page.text, /<script src="\/assets\/site.js" defer><\/script>/);
  assert.match(page.headers['content-security-policy'] ?? '', /script-src 'self'/);
});

test('an answer that was seen on its way signs nobody else in', async () => {
  const { who } = await signedIn();
  const authenticator = softAuthenticator(pagesIssuer);
  await add(who, authenticator);
  const { passkey, answer } = await signInWith(authenticator);
  assert.equal(answer.status, 303);
  const thief = visitor(pages.app);
  const page = await thief.get('/sign-in/passkey');
  assert.equal((await thief.post(page, '/sign-in/passkey', { passkey })).status, 400);
  // Not spent yet, but given to another browser.
  const asked = await visitor(pages.app).get('/sign-in/passkey');
  const fresh = authenticator.get(optionsOf(asked));
  const refused = await thief.post(await thief.get('/sign-in/passkey'), '/sign-in/passkey', {
    passkey: fresh,
  });
  assert.equal(refused.status, 400);
  assert.match(textOf(refused), /does not work here/);
  assert.equal((await thief.get('/consents')).status, 303);
});

test('a passkey of another page, and one that is not known, are refused alike', async () => {
  const { who } = await signedIn();
  const authenticator = softAuthenticator(pagesIssuer);
  await add(who, authenticator);
  const wrong = await signInWith(authenticator, { wrong: { origin: 'http://localhost:9999' } });
  const unknown = await signInWith(softAuthenticator(pagesIssuer));
  assert.deepEqual([wrong.answer.status, unknown.answer.status], [400, 400]);
  assert.equal(textOf(wrong.answer), textOf(unknown.answer));
});

test('nobody adds a passkey to another’s page, or removes one there', async () => {
  const [mine, theirs] = [await signedIn(), await signedIn()];
  const authenticator = softAuthenticator(pagesIssuer);
  const passkey = authenticator.create(optionsOf(await mine.who.get('/passkeys')));
  const crossed = await theirs.who.post(await theirs.who.get('/passkeys'), '/passkeys', {
    passkey,
    label: 'x',
  });
  assert.equal(crossed.status, 400);
  assert.equal((await add(mine.who, authenticator)).status, 303);
  const credential = hidden(await mine.who.get('/passkeys'), 'credential') ?? '';
  await theirs.who.post(await theirs.who.get('/passkeys'), '/passkeys/remove', { credential });
  assert.match(textOf(await mine.who.get('/passkeys')), /kitchen tablet/);
  const noToken = await mine.who.post(await mine.who.get('/passkeys'), '/passkeys/remove', {
    ...{ credential, form_token: 'x' },
  });
  assert.equal(noToken.status, 403);
  await mine.who.post(await mine.who.get('/passkeys'), '/passkeys/remove', { credential });
  assert.doesNotMatch(textOf(await mine.who.get('/passkeys')), /kitchen tablet/);
  assert.equal((await signInWith(authenticator)).answer.status, 400);
  assert.match(pages.mailer.outbox?.find(({ to }) => to === mine.email)?.text ?? '', /removed/);
});

test('a session by passkey says so, and one by code says that', async () => {
  const { who, email } = await signedIn();
  const authenticator = softAuthenticator(pagesIssuer);
  await add(who, authenticator);
  await signInWith(authenticator);
  const rows = await base.db
    .selectFrom('household.session as s')
    .innerJoin('household.occupier as o', 'o.occupier_id', 's.occupier_id')
    .select('s.signed_in_by')
    .where('o.email', '=', email)
    .orderBy('s.signed_in_by')
    .execute();
  assert.deepEqual(
    rows.map((row) => row.signed_in_by),
    ['code', 'passkey'],
  );
});

test('a name for a passkey is asked for', async () => {
  const { who } = await signedIn();
  const page = await add(who, softAuthenticator(pagesIssuer), '  ');
  assert.equal(page.status, 400);
  assert.match(textOf(page), /Enter a name for the passkey/);
});

test('where browsers make no passkeys, no page speaks of them', async () => {
  const bare = householderPages(broker, { issuer: 'http://127.0.0.1:8080', mailer: pages.mailer });
  const who = visitor(bare.app);
  assert.doesNotMatch(textOf(await who.get('/sign-in')), /passkey/i);
  assert.equal((await who.get('/sign-in/passkey')).status, 404);
});
