// P6: nothing in an entry, an answer about the ledger or a log line is a value, an identity or a bare hash of anything
// that can be guessed. Who has the household's key opens every commitment; once the key is gone nobody does, and every
// proof still holds. Somebody who tries every day and month value is in test/attacks/guessing.test.ts.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { openSubject } from '../../src/ledger/commitment.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { findKey, type SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import type { JsonValue } from '../../src/lib/canonical-json.ts';
import { listPolicies } from '../../src/policy/policy-store.ts';
import { bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, recentWindow, type TestHome, testHome } from '../support/journey.ts';

const databases = await testDatabases();
const keys = databases.open<SubjectKeyTables>(databases.urls.subjectKeys, 1);
let broker: TestBroker;
let home: TestHome;
/** Each read as it was answered: its entry, and the readings that its commitment is over. */
const reads: { index: number; readings: JsonValue }[] = [];
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  const party = await bareParty(broker);
  const token = await bareToken(broker, party, home);
  const { from } = recentWindow(broker);
  const month = { from, to: nextMonth(from), resolution: 'P1M' };
  for (const query of [{ ...closedDay(broker), resolution: 'P1D' }, month]) {
    const body = await (await (await readyRead(broker, party, token, query))()).json();
    assert.equal(body.readings?.length, 1, JSON.stringify(body));
    reads.push({ index: body.ledger_entry.index, readings: body.readings });
  }
});
after(async () => {
  await broker.close();
  await databases.close();
});

const nextMonth = (day: string): string => {
  const [year, month] = day.split('-').map(Number) as [number, number];
  return `${month === 12 ? year + 1 : year}-${String((month % 12) + 1).padStart(2, '0')}-01`;
};
const texts = () => Array.fromAsync(readEntries(databases.app, 1, 0, 1000));
const hashed = (text: string) => hash('sha256', text, 'base64');
type Committed = { req: string; commit: Record<string, string> };
const committed = async (index: number): Promise<Committed> =>
  JSON.parse(parseEntry((await texts())[index] as string).body);

test('no entry, checkpoint or request of the ledger holds an identity, in clear or encoded', async () => {
  const everything = [
    ...(await texts()),
    ...(await databases.app.selectFrom('ledger.checkpoint').select('note').execute()).map(({ note }) => note),
  ].join('\n');
  const identities = [
    home.email,
    home.mpan,
    home.householdId,
    home.householdId.split('_')[1] as string,
    'Mill Lane',
  ];
  for (const identity of identities)
    for (const form of [
      identity,
      Buffer.from(identity).toString('base64').replace(/=+$/, ''),
      hashed(identity),
    ])
      assert.equal(everything.includes(form), false, form);
});

test('who has the household’s key opens every commitment: it is over these readings and this meter point', async () => {
  const key = await findKey(keys, home.householdId);
  const subject = openSubject(key as Uint8Array, broker.parts.ledger.origin);
  for (const { index, readings } of reads) {
    const { req, commit } = await committed(index);
    assert.equal(commit.readings, subject.record(req).commit('readings', readings));
    assert.equal(commit.meter_point, subject.record(req).commit('meter_point', home.mpan));
  }
});

test('no two entries share a tag or a commitment: nothing ties a household’s entries together', async () => {
  const all = await texts();
  const tags = all.map((text) => /^stag (.+)$/m.exec(text)?.[1] as string).filter((tag) => tag !== '-');
  assert.ok(tags.length >= 4);
  assert.equal(new Set(tags).size, tags.length);
  const commitments = all.flatMap((text) =>
    Object.values((JSON.parse(parseEntry(text).body) as Committed).commit ?? {}),
  );
  assert.ok(commitments.length >= 6);
  assert.equal(new Set(commitments).size, commitments.length);
});

test('with the key gone the ledger is as sound as before', async () => {
  await sql`delete from subject.key where household_id = ${home.householdId}`.execute(keys);
  const { ledger } = broker.parts;
  const policies = await listPolicies(databases.app, ledger.logId);
  const lines = exportLog(databases.app, { logId: ledger.logId, policies, to: 'newest' });
  const verdict = await verifyLog(lines, { ...nodeCrypto, keys: [ledger.verifierKey] });
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.sound, true);
});
