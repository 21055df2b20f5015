// An issuer with a path: everything is found under it, and nothing leads out of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inputValues, openBrowser } from '../../src/demo/browser.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, decideFor, recentWindow, testHome, testParty } from '../support/journey.ts';

const databases = await testDatabases();
let broker: TestBroker;
before(async () => {
  broker = await testBroker({ databases, environment: { STABLEDOOR_ISSUER: 'http://localhost:PORT/t1' } });
});
after(async () => {
  await broker.close();
  await databases.close();
});

test('a third party on openid-client goes the whole way under the path', async () => {
  const [party, home] = [await testParty(broker), await testHome(broker)];
  const wanted = { purpose: 'energy-advice', resolution: 'P1D', ...recentWindow(broker) } as const;
  const request = await party.relyingParty.ask(wanted);
  assert.equal(request.authorizationUrl.pathname, '/t1/authorize');
  const access = await request.redeem(await decideFor(broker, party, home, request));
  const answer = await access.readings(access.meterPoints[0] as string, {
    ...closedDay(broker),
    resolution: 'P1D',
  });
  assert.equal(answer.status, 200, await answer.clone().text());
});

test('the pages lead on under the path, and back after signing in', async () => {
  const [party, home] = [await testParty(broker), await testHome(broker)];
  const wanted = { purpose: 'energy-advice', resolution: 'P1D', ...recentWindow(broker) } as const;
  const { authorizationUrl } = await party.relyingParty.ask(wanted);
  const browser = openBrowser(broker.issuer);
  const asked = await browser.open(authorizationUrl.href);
  const paths = [...asked.html.matchAll(/ (?:href|action)="(\/[^"]*)"/g)].map(([, path]) => path as string);
  assert.ok(paths.length > 2);
  for (const path of paths) assert.match(path, /^\/t1\//, 'every link stays under the path');
  const codePage = await browser.submit(asked, 'id="email"', [['email', home.email]]);
  const code = /data-demo-code="(\d{8})"/.exec(codePage.html)?.[1] ?? '';
  const consent = await browser.submit(codePage, 'id="code"', [['code', code]]);
  assert.equal(new URL(consent.url).pathname, '/t1/authorize');
  const meterPoint = inputValues(consent, 'meter_points')[0] as string;
  const answered = await browser.submit(consent, 'id="consent"', [
    ['resolution', 'P1D'],
    ['meter_points', meterPoint],
    ['decision', 'share'],
  ]);
  assert.match(answered.url, /callback\?code=/);
});

test('at the root there is nothing but the well-known documents of the issuer', async () => {
  const { origin } = new URL(broker.issuer);
  for (const path of ['/', '/authorize', '/consents', '/v1/meter-points', '/oauth/token'])
    assert.equal((await fetch(origin + path)).status, 404, path);
  for (const name of ['oauth-authorization-server', 'oauth-protected-resource', 'openid-configuration'])
    assert.equal((await fetch(`${origin}/.well-known/${name}/t1`)).status, 200, name);
  assert.equal((await fetch(`${broker.issuer}/health/ready`)).status, 200);
});
