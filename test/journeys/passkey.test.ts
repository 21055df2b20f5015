// Passkeys in a real browser with a virtual authenticator: added, used to sign in and to sign a consent, removed; our script
// under our policy.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { type BareParty, postForm } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { type TwoStepCallback, twoStepCallback } from '../support/callback.ts';
import { axeViolations, openChromium, withoutChromium } from '../support/chromium.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { recentWindow, type TestHome, testHome } from '../support/journey.ts';
import { newPkce, relyingParty, testKey, testRegistration } from '../support/third-party.ts';

const skip = withoutChromium;
const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let browser: Browser;
let party: BareParty;
let callback: TwoStepCallback;
before(async () => {
  if (skip) return;
  broker = await testBroker({ databases });
  home = await testHome(broker);
  callback = await twoStepCallback();
  const { redirectUri } = callback;
  const { registration, signingKey } = await testRegistration({ redirectUris: [redirectUri] });
  const { clientId } = await registerThirdParty(broker.parts, registration);
  const thirdParty = { clientId, signingKey, dpopKey: await testKey(), redirectUri };
  const { issuer, parts } = broker;
  party = { clientId, redirectUri, rp: relyingParty({ issuer, clock: parts.clock, thirdParty }) };
  browser = await openChromium();
});
after(async () => {
  if (!skip) {
    await browser.close();
    await callback.close();
    await broker.close();
  }
  await databases.close();
});

/** The address of a new request, asked at days. */
async function requested(): Promise<string> {
  const base = { type: 'meter_readings', purpose: 'energy-advice', fuels: ['electricity'] };
  const detail = { ...base, resolution: 'P1D', ...recentWindow(broker) };
  const pushed = await postForm(`${broker.issuer}/oauth/par`, await party.rp.pushForm(detail, newPkce()));
  const { request_uri } = (await pushed.json()) as { request_uri: string };
  return `${broker.issuer}/authorize?${new URLSearchParams({ client_id: party.clientId, request_uri })}`;
}

async function withAuthenticator(page: Page): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  return cdp;
}

async function signInByCode(page: Page): Promise<void> {
  await page.goto(`${broker.issuer}/sign-in`);
  await page.fill('#email', home.email);
  await page.click('#continue');
  await page.fill('#code', (await page.textContent('[data-demo-code]'))?.trim() ?? '');
  await page.click('#continue');
}

test('a passkey is added, signs its householder in without a code, and is removed', { skip }, async () => {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on(
    'console',
    (message) => /Content Security Policy|Refused to/.test(message.text()) && complaints.push(message.text()),
  );
  await withAuthenticator(page);
  await signInByCode(page);
  await page.goto(`${broker.issuer}/passkeys`);
  assert.deepEqual(await axeViolations(page), []);
  await page.fill('#label', 'test phone');
  await page.click('#passkey-add-use');
  await page.waitForSelector('[data-passkey-card]');
  assert.deepEqual(await axeViolations(page), []);
  await page.locator('.site-header__button').click();

  await page.goto(`${broker.issuer}/sign-in`);
  await page.click('text=Sign in with a passkey');
  await page.waitForSelector('#passkey-sign-in-use:not([hidden])');
  assert.deepEqual(await axeViolations(page), []);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
  await page.click('#passkey-sign-in-use');
  await page.waitForURL(`${broker.issuer}/consents`);

  await page.goto(`${broker.issuer}/passkeys`);
  await page.locator('[data-passkey-card] .remove').click();
  await page.waitForFunction(() => document.querySelector('[data-passkey-card]') === null);
  await page.locator('.site-header__button').click();
  await page.goto(`${broker.issuer}/sign-in/passkey`);
  assert.deepEqual(complaints, [], 'the browser refused nothing');
  await page.click('#passkey-sign-in-use');
  await page.waitForSelector('.govuk-error-summary');
  await context.close();
});

test('a consent is signed with the passkey on its way, and the third party gets its answer', {
  skip,
}, async () => {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on(
    'console',
    (message) => /Content Security Policy|Refused to/.test(message.text()) && complaints.push(message.text()),
  );
  await withAuthenticator(page);
  await signInByCode(page);
  await page.goto(`${broker.issuer}/passkeys`);
  await page.fill('#label', 'signing phone');
  await page.click('#passkey-add-use');
  await page.waitForSelector('[data-passkey-card]');

  await page.goto(await requested());
  await page.check('input[name=resolution][value=P1D]');
  await page.check('input[name=meter_points]');
  await page.click('#share');
  await page.waitForSelector('#sign-use:not([hidden])');
  assert.deepEqual(await axeViolations(page), []);
  await page.click('#sign-use');
  await page.waitForURL(`${callback.landing}**`, { timeout: 10_000 });
  assert.ok(new URL(page.url()).searchParams.get('code'), page.url());
  const given = (await allEntries(broker.parts.db)).filter(({ kind }) => kind === 'consent.given').at(-1);
  assert.partialDeepStrictEqual(given, { signed_by: 'passkey' });
  assert.ok(given && 'commit' in given && 'signature' in given.commit);
  assert.deepEqual(complaints, [], 'the browser refused nothing');
  await context.close();
});

test('without script the page says what to do instead, and shows no button that does nothing', {
  skip,
}, async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${broker.issuer}/sign-in/passkey`);
  assert.equal(await page.locator('#passkey-sign-in-use').isVisible(), false);
  assert.equal(await page.locator('[data-without]').isVisible(), true);
  await context.close();
});

test('a browser whose device has no passkey says so, and the code still works', { skip }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const cdp = await withAuthenticator(page);
  await page.goto(`${broker.issuer}/sign-in/passkey`);
  await page.click('#passkey-sign-in-use');
  await page.waitForSelector('[data-failed]:not([hidden])');
  await cdp.send('WebAuthn.disable');
  await signInByCode(page);
  await page.waitForURL(`${broker.issuer}/consents`);
  await context.close();
});
