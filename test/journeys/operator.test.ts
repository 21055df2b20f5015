// The operators' pages in a real browser with a virtual authenticator: joining, signing in, approving; our script under our
// policy, no violation that axe finds, and no page wider than a small phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { addOperatorAlone, makeJoiningCode } from '../../src/operator/joining.ts';
import { makeOperatorKey, type OperatorKey } from '../../src/operator/operator-key.ts';
import { findProposal } from '../../src/operator/proposal-store.ts';
import { propose } from '../../src/operator/proposals.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { axeViolations, openChromium, withoutChromium } from '../support/chromium.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { testParty } from '../support/journey.ts';
import { fileKey } from '../support/operators.ts';

const skip = withoutChromium;
const databases = await testDatabases();
const folder = await testDataFolder(async () => {});
let broker: TestBroker;
let browser: Browser;
let ann: OperatorKey;
before(async () => {
  if (skip) return;
  broker = await testBroker({ databases });
  browser = await openChromium();
  ann = await makeOperatorKey(`${folder}/ann.key`);
  await addOperatorAlone(broker.parts.operators, { name: 'Ann', role: 'administrator', key: fileKey(ann) });
});
after(async () => {
  if (!skip) {
    await browser.close();
    await broker.close();
  }
  await databases.close();
});

test('an operator joins with a passkey, signs in, and approves what another proposed', { skip }, async () => {
  const { operators } = broker.parts;
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  const fits = async () => {
    assert.deepEqual(await axeViolations(page), []);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320, page.url());
  };
  await page.goto(`${broker.issuer}/operator/join`);
  await page.waitForSelector('#operator-join-use:not([hidden])');
  await fits();
  await page.fill('#name', 'Ben');
  await page.click('#operator-join-use');
  await page.waitForSelector('#code');
  await fits();
  await page.fill('#code', await makeJoiningCode(operators));
  await page.click('#continue');
  await page.waitForSelector('#operator-sign-in-use:not([hidden])');
  await fits();
  await page.click('#operator-sign-in-use');
  await page.waitForURL(`${broker.issuer}/operator`);

  const { clientId } = await testParty(broker);
  const input = { client_id: clientId, group: 'Another Group Ltd' };
  const { proposalId } = await propose(operators, ann, { act: 'third-party-change', input });
  await page.goto(`${broker.issuer}/operator`);
  await fits();
  await page.click(`[data-proposal="${proposalId}"] a`);
  await page.waitForSelector('#approve-use:not([hidden])');
  await fits();
  await page.click('#approve-use');
  await page.waitForSelector('[data-status="done"]');
  await fits();
  assert.equal((await findProposal(operators.db, proposalId))?.status, 'done');
  assert.deepEqual(complaints, [], 'the browser refused nothing');
});
