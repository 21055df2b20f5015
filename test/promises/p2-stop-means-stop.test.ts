// P2: once "stop sharing" has been answered, no later read is released, in any process; and a stop is never refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { stopConsent } from '../../src/consent/consents.ts';
import { openBrowser, textOf } from '../../src/demo/browser.ts';
import type { OccupierId } from '../../src/lib/ids.ts';
import {
  type BareParty,
  type BareToken,
  bareParty,
  bareToken,
  occupierOf,
  readyRead,
} from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';
import { type SecondBroker, secondBroker } from '../support/second-broker.ts';

const databases = await testDatabases();
let broker: TestBroker;
let second: SecondBroker;
let home: TestHome;
let party: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  party = await bareParty(broker);
  second = await secondBroker(broker);
});
after(async () => {
  await second.close();
  await broker.close();
  await databases.close();
});

const reads = 200;
const stop = async ({ consentId }: BareToken) => {
  const occupierId = (await occupierOf(broker, consentId)) as OccupierId;
  return stopConsent(broker.parts, { consentId, occupierId });
};

test(`${reads} reads on two processes racing one stop: no disclosure follows consent.stopped`, async () => {
  const token = await bareToken(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const ready = await Promise.all(
    Array.from({ length: reads }, () => readyRead(broker, party, token, query)),
  );
  let answeredStop = Number.POSITIVE_INFINITY;
  const sent: { at: number; status: number; entry: number }[] = [];
  const fired = ready.map(async (read, i) => {
    await new Promise((done) => setTimeout(done, i * 2));
    const at = performance.now();
    const answer = await read(i % 2 === 0 ? broker.issuer : second.address);
    await answer.arrayBuffer();
    sent.push({
      at,
      status: answer.status,
      entry: Number(answer.headers.get('ledger-entry')?.split('/').at(-1)),
    });
  });
  await new Promise((done) => setTimeout(done, reads));
  const stopped = stop(token).then((result) => {
    answeredStop = performance.now();
    return result;
  });
  await Promise.all([...fired, stopped]);
  assert.equal((await stopped).recorded, 'entry');

  const entries = (await allEntries(databases.app)).filter(
    (entry) => 'consent_ref' in entry && entry.consent_ref === token.consentId,
  );
  const stoppedAt = entries.find((entry) => entry.kind === 'consent.stopped')?.index as number;
  const disclosures = entries.filter((entry) => entry.kind === 'disclosure');
  assert.ok(disclosures.length > 0, 'some reads were before the stop');
  assert.ok(disclosures.length < reads, 'some reads were after the stop');
  assert.deepEqual(
    disclosures.filter((entry) => entry.index > stoppedAt),
    [],
  );
  for (const { at, status, entry } of sent) {
    if (status === 200) assert.ok(entry < stoppedAt);
    if (at > answeredStop) assert.notEqual(status, 200, 'a read that began after the stop was answered');
    // On a machine that is too busy a read may come to nothing; then its entry, if it has one, is void.
    assert.ok([200, 401, 503].includes(status), `status ${status}`);
  }
  const voids = (await allEntries(databases.app)).filter(({ kind }) => kind === 'disclosure.void');
  assert.equal(sent.filter(({ status }) => status === 200).length, disclosures.length - voids.length);
});

test('where entries cannot be written a stop is kept, holds at once, and is the first entry afterwards', async () => {
  const token = await bareToken(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'P1D' };
  assert.equal((await (await readyRead(broker, party, token, query))()).status, 200);
  const before = (await allEntries(databases.app)).length;

  await sql`revoke execute on all functions in schema ledger from stabledoor_app`.execute(databases.owner);
  await sql`grant execute on function ledger.now(), ledger.now_ms(), ledger.add_pending(smallint, uuid, text, text)
    to stabledoor_app`.execute(databases.owner);
  assert.equal((await stop(token)).recorded, 'pending');
  for (const address of [broker.issuer, second.address]) {
    const answer = await (await readyRead(broker, party, token, query))(address);
    assert.notEqual(answer.status, 200);
    assert.equal('readings' in (await answer.json()), false);
  }

  await sql`grant execute on all functions in schema ledger to stabledoor_app`.execute(databases.owner);
  const answer = await (await readyRead(broker, party, token, query))();
  assert.equal(answer.status, 401);
  const after = (await allEntries(databases.app)).slice(before);
  assert.equal(after[0]?.kind, 'consent.stopped');
});

test('stopping twice is no error and one entry', async () => {
  const token = await bareToken(broker, party, home);
  await Promise.all([stop(token), stop(token)]);
  assert.equal((await stop(token)).recorded, 'before');
  const stops = (await allEntries(databases.app)).filter(
    (entry) => entry.kind === 'consent.stopped' && entry.consent_ref === token.consentId,
  );
  assert.equal(stops.length, 1);
});

test('a stop is taken while every connection of the data API is busy', async () => {
  const token = await bareToken(broker, party, home);
  const browser = openBrowser(broker.issuer);
  const asked = await browser.submit(await browser.open('/sign-in'), 'id="email"', [['email', home.email]]);
  const code = textOf(asked, 'data-demo-code') as string;
  await browser.submit(asked, 'id="code"', [['code', code]]);
  const dashboard = await browser.open('/consents');

  const busy = Array.from({ length: 16 }, () => sql`select pg_sleep(4)`.execute(broker.parts.db));
  const began = performance.now();
  const done = await browser.submit(dashboard, `/consents/${token.consentId}/stop`, []);
  const took = performance.now() - began;
  await Promise.all(busy);
  assert.match(done.html, /Sharing has stopped/);
  assert.ok(took < 3000, `it waited ${took} ms`);
});
