// P2 for every way in which reading ends: expiry, moving out and suspension, each racing reads on two processes; and a
// process that is paused between the commit of its entry and its answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { expireConsents, moveOut } from '../../src/consent/consents.ts';
import { strikeOff } from '../../src/consent/strike-off.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { type EntryBody, parseEntryBody } from '../../src/ledger/entry-body.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import type { ClientId } from '../../src/lib/ids.ts';
import { localDateAt } from '../../src/lib/local-date.ts';
import { restoreThirdParty, suspendThirdParty } from '../../src/registry/registry.ts';
import { type BareParty, type BareToken, bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, testHome, testZone } from '../support/journey.ts';
import { type SecondBroker, secondBroker } from '../support/second-broker.ts';
import { type SlowAnswers, slowAnswers } from '../support/slow-answers.ts';

const databases = await testDatabases();
let broker: TestBroker;
let relay: SlowAnswers;
let second: SecondBroker;
before(async () => {
  broker = await testBroker({ databases });
  relay = await slowAnswers(databases.urls.app);
  second = await secondBroker(broker, { DATABASE_URL: relay.url });
});
after(async () => {
  await second.close();
  await relay.close();
  await broker.close();
  await databases.close();
});
const soak = process.env.STABLEDOOR_SOAK === '1';
const reads = soak ? 200 : 60;

type Entry = EntryBody & { readonly index: number; readonly timeMs: number };
async function entriesOf(matches: (entry: Entry) => boolean): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const text of readEntries(databases.app, 1, 0, 1_000_000)) {
    const { index, timeMs, body } = parseEntry(text);
    const entry = { index, timeMs, ...parseEntryBody(body) };
    if (matches(entry)) found.push(entry);
  }
  return found;
}
const ofConsent = (consentId: string) => (entry: Entry) =>
  'consent_ref' in entry && entry.consent_ref === consentId;

interface Answered {
  readonly status: number;
  readonly body: string;
}

/** Fires reads at both processes, the end in their middle. */
async function race(party: BareParty, token: BareToken, end: () => Promise<unknown>): Promise<Answered[]> {
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const ready = await Promise.all(
    Array.from({ length: reads }, () => readyRead(broker, party, token, query)),
  );
  const fired = ready.map(async (read, i) => {
    await wait(i * 4);
    const answer = await read(i % 2 === 0 ? broker.issuer : second.address);
    return { status: answer.status, body: await answer.text() };
  });
  await wait(reads * 2);
  await end();
  return Promise.all(fired);
}

function assertOnlyDisclosedLeft(answers: readonly Answered[], disclosures: number, voids: number): void {
  const left = answers.filter(({ status }) => status === 200);
  assert.equal(left.length, disclosures - voids);
  for (const { status, body } of answers)
    if (status !== 200) assert.doesNotMatch(body, /"readings"/, 'a refusal holds no reading');
}

test(`${reads} reads on two processes racing a move-out: no disclosure follows consent.ended`, async () => {
  const [home, party] = [await testHome(broker), await bareParty(broker)];
  const token = await bareToken(broker, party, home);
  const on = localDateAt(broker.parts.clock.nowMs(), testZone);
  const answers = await race(party, token, () => moveOut(broker.parts, { mpan: home.mpan, on }));
  const entries = await entriesOf(ofConsent(token.consentId));
  const ended = entries.find(({ kind }) => kind === 'consent.ended');
  const disclosures = entries.filter(({ kind }) => kind === 'disclosure');
  assert.ok(ended && disclosures.length > 0);
  assert.deepEqual(
    disclosures.filter(({ index }) => index > ended.index),
    [],
  );
  assertOnlyDisclosedLeft(answers, disclosures.length, await voidsOf(disclosures));
  const late = await (await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' }))();
  assert.equal(late.status, 401);
});

test(`${reads} reads on two processes racing a suspension: no disclosure while it lasts, and reads again after it`, async () => {
  const [home, party] = [await testHome(broker), await bareParty(broker)];
  const token = await bareToken(broker, party, home);
  const clientId = party.clientId as ClientId;
  const answers = await race(party, token, () =>
    suspendThirdParty(broker.parts, clientId, 'a complaint is looked into'),
  );
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const refused = await (await readyRead(broker, party, token, query))(second.address);
  assert.deepEqual([refused.status, (await refused.json()).code], [403, 'third_party_suspended']);
  const entries = await entriesOf((entry) => 'third_party' in entry && entry.third_party === clientId);
  const suspended = entries.find(({ kind }) => kind === 'third-party.suspended');
  const disclosures = entries.filter(({ kind }) => kind === 'disclosure');
  assert.ok(suspended && disclosures.length > 0);
  assert.deepEqual(
    disclosures.filter(({ index }) => index > suspended.index),
    [],
  );
  assertOnlyDisclosedLeft(answers, disclosures.length, await voidsOf(disclosures));
  assert.ok(!entries.some(({ kind }) => kind === 'consent.ended'), 'its consents are as they were');
  await restoreThirdParty(broker.parts, clientId);
  assert.equal((await (await readyRead(broker, party, token, query))()).status, 200);
});

test(`${reads} reads on two processes racing a striking off: nothing is read after it, each consent ends, and nobody restores it`, async () => {
  const [home, party] = [await testHome(broker), await bareParty(broker)];
  const token = await bareToken(broker, party, home);
  const clientId = party.clientId as ClientId;
  const { db, ledger } = broker.parts;
  const answers = await race(party, token, () =>
    db.transaction().execute(async (tx) => {
      await ledger.appendWithin(tx, await strikeOff(tx, { clientId, reason: 'sold readings' }, null));
    }),
  );
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const refused = await (await readyRead(broker, party, token, query))(second.address);
  assert.equal(refused.status, 403);
  while ((await expireConsents(broker.parts)) > 0);
  const entries = await entriesOf((entry) => 'third_party' in entry && entry.third_party === clientId);
  const struck = entries.find(({ kind }) => kind === 'third-party.struck-off');
  const disclosures = entries.filter(({ kind }) => kind === 'disclosure');
  assert.ok(struck && disclosures.length > 0);
  assert.deepEqual(
    disclosures.filter(({ index }) => index > struck.index),
    [],
  );
  assertOnlyDisclosedLeft(answers, disclosures.length, await voidsOf(disclosures));
  assert.ok(entries.some((entry) => entry.kind === 'consent.ended' && entry.index > struck.index));
  await assert.rejects(restoreThirdParty(broker.parts, clientId), { code: 'illegal_transition' });
  await assert.rejects(
    sql`update registry.third_party set status = 'active', suspended_reason = null where client_id = ${clientId}`.execute(
      databases.app,
    ),
    /struck_off_is_suspended/,
  );
});

test(`${reads} reads on two processes racing an expiry: none is disclosed from that moment on`, async () => {
  const [home, party] = [await testHome(broker), await bareParty(broker)];
  const token = await bareToken(broker, party, home);
  let expiresMs = 0;
  const answers = await race(party, token, async () => {
    const { rows } = await sql<{ at: Date }>`
      update consent.consent set expires_at = ledger.now() + interval '20 milliseconds'
       where consent_id = ${token.consentId} returning expires_at as at`.execute(databases.app);
    expiresMs = rows[0]?.at.getTime() ?? 0;
  });
  const entries = await entriesOf(ofConsent(token.consentId));
  const disclosures = entries.filter(({ kind }) => kind === 'disclosure');
  assert.ok(disclosures.length > 0 && disclosures.length < reads, `${disclosures.length} of ${reads}`);
  assert.deepEqual(
    disclosures.filter(({ timeMs }) => timeMs >= expiresMs),
    [],
  );
  assertOnlyDisclosedLeft(answers, disclosures.length, await voidsOf(disclosures));
});

const voidsOf = async (disclosures: readonly Entry[]): Promise<number> => {
  const indexes = new Set(disclosures.map(({ index }) => index));
  return (await entriesOf((entry) => entry.kind === 'disclosure.void' && indexes.has(entry.disclosure)))
    .length;
};

test('a process paused between commit and answer drops its readings after two seconds, and says that they are void', async () => {
  const [home, party] = [await testHome(broker), await bareParty(broker)];
  const token = await bareToken(broker, party, home);
  const read = await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'PT30M' });
  // Its entry is there for everybody; that it is, the process learns only now, and is not let do anything about it.
  relay.delay(250);
  const answering = read(second.address);
  const disclosed = await untilDisclosed(token.consentId);
  process.kill(second.pid, 'SIGSTOP');
  relay.delay(0);
  await wait(2600);
  process.kill(second.pid, 'SIGCONT');
  const answer = await answering;
  const body = await answer.text();
  assert.equal(answer.status, 503, body);
  assert.doesNotMatch(body, /"readings"|"value"/);
  // The reader was refused before the commit was heard of: what takes the entry back follows by itself.
  const voided = await untilVoid(disclosed.index);
  assert.equal(voided.length, 1);
  assert.ok((voided[0]?.timeMs ?? 0) - disclosed.timeMs >= 2000);
});

async function untilVoid(disclosure: number): Promise<Entry[]> {
  const giveUpAt = performance.now() + 10_000;
  let voided: Entry[] = [];
  while (voided.length === 0 && performance.now() < giveUpAt) {
    await wait(100);
    voided = await entriesOf((entry) => entry.kind === 'disclosure.void' && entry.disclosure === disclosure);
  }
  return voided;
}

async function untilDisclosed(consentId: string): Promise<Entry> {
  const giveUpAt = performance.now() + 20_000;
  const from = (await databases.app.selectFrom('ledger.head').select('size').executeTakeFirst())?.size ?? 0;
  while (performance.now() < giveUpAt) {
    for await (const text of readEntries(databases.app, 1, from, from + 50)) {
      const { index, timeMs, body } = parseEntry(text);
      const entry = { index, timeMs, ...parseEntryBody(body) };
      if (entry.kind === 'disclosure' && ofConsent(consentId)(entry)) return entry;
    }
    await wait(2);
  }
  throw new Error('nothing was disclosed');
}
