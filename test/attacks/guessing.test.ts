// Somebody with all entries and all that is public tries to guess what was committed to (P6): every day and month value
// and the meter points around the real one, bare, salted and keyed with what is public. Nothing matches.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects } from '../../src/ledger/subjects.ts';
import { canonicalJson, type JsonValue } from '../../src/lib/canonical-json.ts';
import { mpanCheckDigit } from '../../src/metering/import/mpan.ts';
import type { Reading } from '../../src/metering/reading.ts';
import { bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { guess, guessedKeys, publicSalts } from '../support/guesses.ts';
import { closedDay, recentWindow, type TestHome, testHome } from '../support/journey.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let texts: string[];
let day: Reading;
let month: Reading;
/** Requests of the two disclosures. */
let dayReq: string;
/** Every commitment and tag of the log. */
const wanted = new Set<string>();
/** Whatever anyone may know: ids, digests and names that stand in entries, and the log's own. */
let known: string[];

before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  const party = await bareParty(broker);
  const token = await bareToken(broker, party, home);
  const read = async (query: Record<string, string>) => {
    const answer = await (await readyRead(broker, party, token, query))();
    const body = (await answer.json()) as { readings: Reading[]; ledger_entry: { index: number } };
    assert.equal(answer.status, 200, JSON.stringify(body));
    assert.equal(body.readings.length, 1);
    return { reading: body.readings[0] as Reading, index: body.ledger_entry.index };
  };
  const { from } = recentWindow(broker);
  const nextMonth = new Date(Date.UTC(Number(from.slice(0, 4)), Number(from.slice(5, 7)), 1));
  const oneDay = await read({ ...closedDay(broker), resolution: 'P1D' });
  const oneMonth = await read({ from, to: nextMonth.toISOString().slice(0, 10), resolution: 'P1M' });
  [day, month] = [oneDay.reading, oneMonth.reading];
  texts = await Array.fromAsync(readEntries(databases.app, 1, 0, oneMonth.index + 1));
  dayReq = JSON.parse(parseEntry(texts[oneDay.index] as string).body).req;
  known = [broker.parts.ledger.origin, broker.parts.ledger.verifierKey];
  for (const text of texts) {
    const { body, stag } = parseEntry(text);
    const fields = JSON.parse(body) as { commit?: Record<string, string> };
    for (const commitment of Object.values(fields.commit ?? {})) wanted.add(commitment);
    if (stag !== null) wanted.add(stag);
  }
  const ids = texts.join('').match(/"(?:client|consent|mp)_[A-Za-z0-9_-]{22}"|"[0-9a-f-]{36}"/g) ?? [];
  known.push(...new Set(ids.map((id) => id.slice(1, -1))));
});
after(async () => {
  await broker.close();
  await databases.close();
});

function* upTo(limit: number, textOf: (value: number) => string): Generator<string> {
  for (let value = 0; value <= limit; value++) yield textOf(value);
}

/** The canonical JSON of an answer of one reading, as it is committed to, with another value in it. */
function answerOf(reading: Reading): (value: number) => string {
  const [head, tail] = canonicalJson([{ ...reading, value: 123_456_789 }]).split('123456789');
  return (value) => `${head}${value}${tail}`;
}
const few = () => known.slice(0, 3);
const soak = process.env.STABLEDOOR_SOAK === '1';

test('the search finds a value whose salt is known: it would find one whose salt could be guessed', async () => {
  const keys = databases.open<SubjectKeyTables>(databases.urls.subjectKeys, 1);
  const subject = await openSubjects(keys, broker.parts.ledger.origin).find(home.householdId);
  const salt = Buffer.from(subject?.record(dayReq).salt('readings') ?? []);
  const { found } = guess(wanted, 'readings', upTo(60_000, answerOf(day)), [salt]);
  assert.deepEqual(
    found.map(({ text }) => JSON.parse(text)),
    [[day]],
  );
  assert.ok(wanted.has(subject?.tag(0) ?? ''), 'and a tag whose key is known');
});

test('no day value from 0 to 60 kWh, as it is answered or bare, matches any commitment or tag', () => {
  const answered = guess(wanted, 'readings', upTo(60_000, answerOf(day)), publicSalts(soak ? known : few()));
  assert.deepEqual(answered.found, []);
  assert.ok(answered.tried > 60_001 * 12);
  for (const bare of [String, (value: number) => `[${value}]`, (value: number) => `"${value}"`])
    assert.deepEqual(guess(wanted, 'readings', upTo(60_000, bare), publicSalts([])).found, []);
});

test('no month value matches', () => {
  const limit = soak ? 1_900_000 : 400_000;
  assert.ok((month.value ?? 0) < limit);
  const salts = soak ? publicSalts(few()) : [Buffer.alloc(0)];
  assert.deepEqual(guess(wanted, 'readings', upTo(limit, answerOf(month)), salts).found, []);
});

test('no meter point near the real one matches', () => {
  const from = Number(home.mpan.slice(2, 12));
  const around = Array.from({ length: 10_000 }, (_, i) => {
    const twelve = `${home.mpan.slice(0, 2)}${String(Math.max(0, from - 5000) + i).padStart(10, '0')}`;
    return `${twelve}${mpanCheckDigit(twelve)}`;
  });
  assert.ok(around.includes(home.mpan));
  for (const field of ['meter_point', 'meter_points'])
    for (const form of [(mpan: string) => `"${mpan}"`, (mpan: string) => `["${mpan}"]`])
      assert.deepEqual(guess(wanted, field, around.map(form), publicSalts(few())).found, []);
});

test('no household’s key can be made from what is public or from who they are', () => {
  const from = [...known, home.email, home.mpan, home.householdId, '1 Mill Lane'];
  for (const text of texts) {
    const { req } = JSON.parse(parseEntry(text).body) as { req: string };
    const fields = { readings: [day] as unknown as JsonValue, meter_point: home.mpan };
    for (const made of guessedKeys(from, broker.parts.ledger.origin, req, fields))
      assert.ok(!wanted.has(made));
  }
});
