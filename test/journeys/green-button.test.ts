// The whole of it on real readings: a year of a home in California, imported, asked for at half-hours, given at days,
// read by a relying party built on openid-client as it comes, refused, stopped, proven; and a database that is gone.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import { type Access, openThirdParty, type PushedRequest } from '../../examples/third-party.ts';
import { openDatabase } from '../../src/db/database.ts';
import type { MeterStoreTables } from '../../src/db/tables/meter-store.ts';
import { type Browser, inputValues, openBrowser, textOf } from '../../src/demo/browser.ts';
import { runCommand } from '../../src/demo/command.ts';
import { addHousehold } from '../../src/household/households.ts';
import { localDate } from '../../src/lib/local-date.ts';
import { importFile } from '../../src/metering/import/import-file.ts';
import { addMeterPoints } from '../../src/metering/import/meter-points.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { greenButtonXml } from '../support/green-button.ts';

const realFile = join(import.meta.dirname, '../../../shared/data/green-button-hourly-year.xml');
const zone = 'America/Los_Angeles';
const mpan = '1012345678901';
const email = 'home@example.org';
const redirectUri = 'http://localhost:9/callback';
const startMs = Date.parse('2012-01-10T18:00:00Z');
const year = { from: '2011-01-01', to: '2012-01-01' };

let broker: TestBroker;
let browser: Browser;
let request: PushedRequest;
let access: Access;
let file: string;
let sums: { day: Map<string, number>; month: Map<string, number>; count: number };

before(async () => {
  broker = await testBroker({ databases: null, startMs });
  browser = openBrowser(broker.issuer);
  const { dataDir } = broker.parts.config;
  file = existsSync(realFile) ? realFile : await writeOwnYear(join(dataDir, 'year.xml'));
  sums = await independentSums(file);
});
after(() => broker.close());

test('a year of hourly readings is imported, every row of it', async () => {
  const { parts } = broker;
  const url = parts.stores.addresses.importer as string;
  const store = openDatabase<MeterStoreTables>({ url, maxConnections: 1, statementTimeoutMs: 60_000 });
  try {
    await addMeterPoints(store, [{ mpan, fuel: 'electricity', zone: null }]);
    const report = await importFile({ store, path: file, format: 'green-button', mpan, clock: parts.clock });
    assert.equal(report.counts.taken, sums.count);
    assert.equal(report.counts.refused, 0);
    assert.equal(report.zone, zone);
  } finally {
    await store.destroy();
  }
});

test('a third party on openid-client asks for half-hours', async () => {
  const { parts, issuer } = broker;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const from = localDate('2010-06-01');
  await addHousehold(parts, { email, mpan, address: '1 Shore Road', fuel: 'electricity', zone, from });
  const { clientId } = await registerThirdParty(parts, {
    name: 'Brightwatt Ltd',
    class: 'energy-adviser',
    registrationNumber: '01234567',
    redirectUris: [redirectUri],
    purposes: ['energy-advice'],
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] },
    notes: {},
  });
  const clockSkewSeconds = Math.round((startMs - Date.now()) / 1000);
  const thirdParty = await openThirdParty({
    issuer,
    clientId,
    signingKey: privateKey,
    keyId: 'k1',
    redirectUri,
    clockSkewSeconds,
  });
  request = await thirdParty.ask({
    purpose: 'energy-advice',
    resolution: 'PT30M',
    from: year.from,
    until: year.to,
  });
  assert.equal(request.authorizationUrl.pathname, '/authorize');
});

test('the householder signs in with a mailed code and gives days instead', async () => {
  const start = await browser.open(request.authorizationUrl.href);
  const asked = await browser.submit(start, 'id="email"', [['email', email]]);
  const code = textOf(asked, 'data-demo-code') as string;
  const page = await browser.submit(asked, 'id="code"', [['code', code]]);
  assert.match(page.html, /Brightwatt Ltd/);
  const answer = await browser.submit(page, 'id="consent"', [
    ['resolution', 'P1D'],
    ...inputValues(page, 'meter_points').map((id) => ['meter_points', id] as const),
    ['adult', 'yes'],
    ['decision', 'share'],
  ]);
  access = await request.redeem(new URL(answer.url));
  assert.equal(access.resolution, 'P1D');
});

const read = async (resolution: string, window = year) => {
  const answer = await access.readings(access.meterPoints[0] as string, { ...window, resolution });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
};

for (const [resolution, length] of [
  ['P1D', 10],
  ['P1M', 7],
] as const) {
  test(`the sums at ${resolution} are those of the file, computed by other means`, async () => {
    const { status, body } = await read(resolution);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.zone, zone);
    const expected = length === 10 ? sums.day : sums.month;
    assert.equal(body.readings.length, expected.size);
    for (const { start, value } of body.readings) {
      const local = localDay(Date.parse(start)).slice(0, length);
      assert.equal(value, expected.get(local), `${resolution} ${local}`);
    }
  });
}

test('half-hours are refused with finer_than_consented, and the refusal is an entry', async () => {
  const { status, body, headers } = await read('PT30M');
  assert.equal(status, 403);
  assert.equal(body.code, 'finer_than_consented');
  assert.match(headers.get('ledger-entry') as string, /\/ledger\/\d+$/);
});

test('after one tap on stop the next read is refused, though the token has not expired', async () => {
  const dashboard = await browser.open('/consents');
  const done = await browser.submit(dashboard, `/consents/${access.consentId}/stop`, []);
  assert.match(done.html, /Sharing has stopped/);
  const { status, body } = await read('P1D');
  assert.equal(status, 401);
  assert.equal(body.code, 'invalid_token');
});

test('the export verifies offline, in a process that has no database', async () => {
  const out = join(broker.parts.config.dataDir, 'export.ndjson');
  await runCommand(['ledger', 'export', '--out', out], broker.environment);
  await runCommand(['ledger', 'verify', '--export', out, '--key', broker.parts.ledger.verifierKey], {});
  const text = await readFile(out, 'utf8');
  assert.match(text, /consent\.stopped/);
  for (const secret of [email, mpan, 'Shore Road'])
    assert.ok(!text.includes(secret), `${secret} is in the export`);
  const tampered = join(broker.parts.config.dataDir, 'tampered.ndjson');
  await writeFile(tampered, text.replace('\\"resolution\\":\\"P1D\\"', '\\"resolution\\":\\"P1M\\"'));
  await assert.rejects(runCommand(['ledger', 'verify', '--export', tampered], {}), /ended with 1/);
});

test('with the database stopped the answer is 503 and no reading leaves', async () => {
  await broker.parts.stores.embedded?.stop();
  const { status, body } = await read('P1D');
  assert.equal(status, 503);
  assert.equal('readings' in body, false);
});

const dayFormat = new Intl.DateTimeFormat('en-CA', {
  timeZone: zone,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});
const localDay = (ms: number): string => dayFormat.format(ms);

/** Straight from the XML, with nothing of ours: a pattern for each reading, and the calendar of Intl. */
async function independentSums(path: string) {
  const xml = await readFile(path, 'utf8');
  const day = new Map<string, number>();
  const month = new Map<string, number>();
  let count = 0;
  const multiplier = 10 ** Number(/powerOfTenMultiplier>(-?\d+)</.exec(xml)?.[1] ?? 0);
  for (const [reading] of xml.matchAll(/<(?:\w+:)?IntervalReading\b.*?<\/(?:\w+:)?IntervalReading>/gs)) {
    const start = Number(/start>(\d+)</.exec(reading)?.[1]) * 1000;
    const value = Number(/value>(-?\d+)</.exec(reading)?.[1]) * multiplier;
    const local = localDay(start);
    day.set(local, (day.get(local) ?? 0) + value);
    month.set(local.slice(0, 7), (month.get(local.slice(0, 7)) ?? 0) + value);
    count += 1;
  }
  return { day, month, count };
}

/** Where the real file is not at hand: a year of our own in the same form. */
async function writeOwnYear(path: string): Promise<string> {
  const first = Date.parse('2011-01-01T08:00:00Z') / 1000;
  const rows = Array.from({ length: 8760 }, (_, i) => ({
    start: first + i * 3600,
    value: 100 + ((i * 7919) % 900),
  }));
  await writeFile(path, greenButtonXml({ rows }));
  return path;
}
