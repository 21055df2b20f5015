// The householder's way through a real browser, with script switched on and off: asked, signed in, given less, led back
// through a callback of two steps, stopped. No page of it has an accessibility violation or is wider than a phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { type BareParty, postForm } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { type TwoStepCallback, twoStepCallback } from '../support/callback.ts';
import { axeViolations, openChromium, withoutChromium } from '../support/chromium.ts';
import { testDatabases } from '../support/database.ts';
import { recentWindow, type TestHome, testHome } from '../support/journey.ts';
import { newPkce, relyingParty, testKey, testRegistration } from '../support/third-party.ts';

const skip = withoutChromium;
const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let party: BareParty;
let callback: TwoStepCallback;
let browser: Browser;
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

/** The address of a new request, asked at half-hours. */
async function requested(): Promise<string> {
  const window = recentWindow(broker);
  const base = { type: 'meter_readings', purpose: 'energy-advice', fuels: ['electricity'] };
  const form = await party.rp.pushForm({ ...base, resolution: 'PT30M', ...window }, newPkce());
  const pushed = await postForm(`${broker.issuer}/oauth/par`, form);
  const { request_uri } = (await pushed.json()) as { request_uri: string };
  return `${broker.issuer}/authorize?${new URLSearchParams({ client_id: party.clientId, request_uri })}`;
}

type Look = (page: Page, name: string) => Promise<void>;

async function signIn(page: Page, look: Look): Promise<void> {
  await look(page, 'sign-in');
  await page.fill('#email', home.email);
  await page.click('#continue');
  await look(page, 'code');
  await page.fill('#code', (await page.textContent('[data-demo-code]'))?.trim() ?? '');
  await page.click('#continue');
}

async function share(page: Page, look: Look): Promise<void> {
  await page.waitForSelector('form#consent');
  await look(page, 'consent');
  assert.equal(await page.locator('form#consent :checked').count(), 0, 'nothing is chosen beforehand');
  await page.click('#share');
  await page.waitForSelector('.govuk-error-summary');
  await look(page, 'consent with errors');
  await page.check('input[name=resolution][value=P1D]');
  await page.check('input[name=meter_points]');
  await page.click('#share');
}

for (const script of [true, false]) {
  test(`asked, signed in, given less, led back over two origins, stopped: script ${script ? 'on' : 'off'}`, {
    skip,
  }, async () => {
    const context = await browser.newContext({
      javaScriptEnabled: script,
      viewport: { width: 320, height: 640 },
    });
    const page = await context.newPage();
    const refused: string[] = [];
    page.on(
      'console',
      (message) => /Content Security Policy|Refused to/.test(message.text()) && refused.push(message.text()),
    );
    const look: Look = async (shown, name) => {
      if (!script) return;
      assert.deepEqual(await axeViolations(shown), [], name);
      const width = await shown.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 320, `${name} is ${width} wide`);
    };
    await page.goto(await requested());
    await signIn(page, look);
    await share(page, look);
    await page.waitForURL(`${callback.landing}**`, { timeout: 10_000 });
    const answer = new URL(page.url()).searchParams;
    assert.ok(answer.get('code'), page.url());
    assert.equal(answer.get('iss'), broker.issuer);

    await page.goto(`${broker.issuer}/consents`);
    await look(page, 'dashboard');
    await page.locator('[data-consent^=consent_] .stop').first().click();
    await page.waitForSelector('.govuk-panel--confirmation');
    await look(page, 'stopped');
    await page.goto(`${broker.issuer}/consents`);
    await look(page, 'dashboard afterwards');
    assert.equal(await page.locator('[data-consent^=consent_] .stop').count(), 0);
    assert.deepEqual(refused, [], 'the browser refused nothing');
    await context.close();
  });
}

test('saying no leads back too, over the same two origins', { skip }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(await requested());
  await signIn(page, async () => {});
  await page.click('#refuse');
  await page.waitForURL(`${callback.landing}**`, { timeout: 10_000 });
  assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
  await context.close();
});

test('the header speaks in one voice: the button to sign out looks like the links beside it', {
  skip,
}, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${broker.issuer}/sign-in`);
  await signIn(page, async () => {});
  const looks = await page
    .locator('.site-header__row a:not(.site-header__name), .site-header__button')
    .evaluateAll((all) =>
      all.map((each) => {
        const { fontFamily, fontSize, fontWeight, lineHeight } = getComputedStyle(each);
        return JSON.stringify({ fontFamily, fontSize, fontWeight, lineHeight });
      }),
    );
  assert.ok(looks.length >= 3);
  assert.deepEqual([...new Set(looks)].length, 1, looks.join('\n'));
  await context.close();
});
