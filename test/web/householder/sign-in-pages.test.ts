import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { smtpMailer } from '../../../src/notify/mail.ts';
import { testHousehold } from '../../support/household.ts';
import { householderPages, pagesIssuer, signIn, textOf, visitor } from '../../support/householder-pages.ts';
import { quietLogger } from '../../support/ledger.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
const pages = householderPages(broker);
const newEmail = async () => (await testHousehold({ db: broker.databases.app, ledger: broker.ledger })).email;
after(() => broker.close());

test('a householder signs in with the mailed code and comes back to where they were going', async () => {
  const email = await newEmail();
  const who = visitor(pages.app);
  const sent = await who.get('/consents');
  assert.deepEqual([sent.status, sent.headers.location], [303, '/sign-in?return_to=%2Fconsents']);
  const done = await signIn(who, email, sent.headers.location);
  assert.deepEqual([done.status, done.headers.location], [303, '/consents']);
  const cookies = (done.headers['set-cookie'] as unknown as string[]).join('\n');
  assert.match(
    cookies,
    /stabledoor_session=[A-Za-z0-9_-]{43}; Max-Age=\d+; Path=\/;.* HttpOnly; SameSite=Lax/,
  );
  assert.equal((await who.get('/consents')).status, 200);
  assert.equal((await who.get('/sign-in')).headers.location, '/consents');
});

test('over https the session cookie is bound to this host and never sent in clear', async () => {
  const email = await newEmail();
  const secure = householderPages(broker, { issuer: 'https://broker.example', mailer: pages.mailer });
  const who = visitor(secure.app);
  const asked = await who.post(await who.get('/sign-in'), '/sign-in', { email });
  const cookie = (asked.headers['set-cookie'] as unknown as string[]).join();
  assert.match(cookie, /^__Host-stabledoor_sign_in=/);
  assert.match(cookie, /; Secure/);
});

test('a mail is known by a name that does not give away the secret in the cookie', async () => {
  const who = visitor(pages.app);
  const asked = await who.post(await who.get('/sign-in'), '/sign-in', { email: await newEmail() });
  const cookie = (asked.headers['set-cookie'] as unknown as string[]).join();
  const [mail] = pages.mailer.outbox ?? [];
  assert.ok(mail && !cookie.includes(mail.reference));
});

test('known and unknown addresses are answered alike', async () => {
  const email = await newEmail();
  const real = householderPages(broker, {
    mailer: smtpMailer({ url: 'smtp://127.0.0.1:1', from: 'a@example.org', logger: quietLogger }),
  });
  const answer = async (email: string) => {
    const who = visitor(real.app);
    const asked = await who.post(await who.get('/sign-in'), '/sign-in', { email });
    const page = await who.get('/sign-in/code');
    const wrong = await who.post(page, '/sign-in/code', { code: '00000000' });
    return [asked.status, asked.headers.location, page.text, wrong.status, wrong.text];
  };
  assert.deepEqual(await answer(email), await answer('stranger@example.org'));
});

test('what is no address, and a wrong code, are said in an error summary', async () => {
  const email = await newEmail();
  const who = visitor(pages.app);
  const refused = await who.post(await who.get('/sign-in'), '/sign-in', { email: '<script>' });
  assert.equal(refused.status, 400);
  assert.match(refused.text, /<title>Error: /);
  assert.match(refused.text, /<a href="#email">Enter an e-mail address/);
  assert.match(refused.text, /value="&lt;script&gt;"[^>]*aria-describedby="email-error"/);
  await who.post(refused, '/sign-in', { email });
  const wrong = await who.post(await who.get('/sign-in/code'), '/sign-in/code', { code: '1' });
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /<a href="#code">This code does not work/);
});

test('sign-in never leads to another site', async () => {
  const email = await newEmail();
  for (const elsewhere of [
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    '/%09/evil.example',
  ]) {
    const who = visitor(pages.app);
    const path = `/sign-in?return_to=${encodeURIComponent(elsewhere)}`;
    const done = await signIn(who, email, path);
    assert.equal(new URL(done.headers.location ?? '', pagesIssuer).origin, pagesIssuer, elsewhere);
    const posted = await visitor(pages.app).post(await who.get('/'), '/sign-in', {
      email,
      return_to: elsewhere,
    });
    assert.equal(posted.headers.location, '/sign-in/code');
  }
});

test('a code works only in the browser that asked for it', async () => {
  const email = await newEmail();
  const [one, two] = [visitor(pages.app), visitor(pages.app)];
  await one.post(await one.get('/sign-in'), '/sign-in', { email });
  const page = await one.get('/sign-in/code');
  const code = /data-demo-code="(\d{8})"/.exec(page.text)?.[1] ?? '';
  assert.match(code, /^\d{8}$/);
  const stolen = await two.post(page, '/sign-in/code', { code });
  assert.equal(stolen.status, 400);
  assert.equal((await one.post(page, '/sign-in/code', { code })).status, 303);
});

test('signing out ends the session, not just the cookie', async () => {
  const email = await newEmail();
  const who = visitor(pages.app);
  const done = await signIn(who, email);
  const cookie = /stabledoor_session=[^;]+/.exec(
    (done.headers['set-cookie'] as unknown as string[]).join(),
  )?.[0];
  const page = await who.get('/consents');
  const other = visitor(pages.app);
  assert.equal((await who.post(page, '/sign-out', { form_token: 'wrong' })).status, 403);
  assert.equal((await who.post(page, '/sign-out', {})).headers.location, '/');
  assert.equal((await who.get('/consents')).status, 303);
  const { status } = await other.post(page, '/sign-out', {}, { Cookie: cookie ?? '' });
  assert.equal(status, 303);
});

test('the start page, the mail of the demo and an unknown page say what they are', async () => {
  const who = visitor(pages.app);
  const start = await who.get('/');
  assert.equal(start.status, 200);
  assert.match(textOf(start), /You decide who sees your energy use/);
  assert.match(textOf(await who.get('/demo/mail')), /Your code to sign in/);
  const unknown = await who.get('/consents/nothing/here');
  assert.equal(unknown.status, 404);
  assert.match(unknown.headers['content-type'] ?? '', /html/);
  assert.match((await who.get('/nowhere')).headers['content-type'] ?? '', /problem\+json/);
  const css = await who.get('/assets/site.css');
  assert.match(css.headers['content-type'] ?? '', /text\/css/);
});
