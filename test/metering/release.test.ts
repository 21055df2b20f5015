// The release door, from the outside: what leaves, what does not, and what the ledger has of either.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { calculateJwkThumbprint, decodeProtectedHeader, jwtVerify } from 'jose';
import { openDatabase } from '../../src/db/database.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { findEvidence } from '../../src/ledger/find-evidence.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects } from '../../src/ledger/subjects.ts';
import type { ClientId } from '../../src/lib/ids.ts';
import { restoreThirdParty, suspendThirdParty } from '../../src/registry/registry.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import {
  closedDay,
  type TestHome,
  type TestParty,
  testAccess,
  testHome,
  testParty,
} from '../support/journey.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let party: TestParty;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  party = await testParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

async function entries(): Promise<Record<string, unknown>[]> {
  const texts = await Array.fromAsync(readEntries(databases.app, 1, 0, 100_000));
  return texts.map((text) => JSON.parse(parseEntry(text).body));
}

test('a read that is agreed to leaves, and its entry is there before it', async () => {
  const access = await testAccess(broker, party, home);
  const answer = await access.readings(access.meterPoints[0] as string, {
    ...closedDay(broker),
    resolution: 'PT30M',
  });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  assert.equal(body.readings.length, 48);
  assert.equal(body.synthetic, true);
  const entry = (await entries())[body.ledger_entry.index];
  assert.equal(entry?.kind, 'disclosure');
  assert.equal(entry?.count, 48);
  assert.equal(answer.headers.get('ledger-entry'), `${body.ledger_entry.origin}/${body.ledger_entry.index}`);
});

test('the proof of every read, allowed or refused, is kept as evidence of who asked for it, and where', async () => {
  const access = await testAccess(broker, party, home, { resolution: 'P1D' });
  const { parts } = broker;
  const keys = openDatabase<SubjectKeyTables>({ url: databases.urls.subjectKeys, maxConnections: 1 });
  const { logId, origin } = parts.ledger;
  const subjects = openSubjects(keys, origin);
  const [meterPoint = ''] = access.meterPoints;
  for (const [resolution, kind] of [
    ['P1D', 'disclosure'],
    ['PT30M', 'refusal'],
  ] as const) {
    const answer = await access.readings(meterPoint, { ...closedDay(broker), resolution });
    const index = Number(answer.headers.get('ledger-entry')?.split('/').at(-1));
    const entry = (await entries())[index];
    assert.equal(entry?.kind, kind);
    const shown = await findEvidence({ db: parts.db, logId, origin, subjects }, index);
    const proof = String(shown?.proof);
    const { jwk = {} } = decodeProtectedHeader(proof);
    assert.equal(await calculateJwkThumbprint(jwk), entry?.jkt);
    const { payload } = await jwtVerify(proof, jwk, { currentDate: new Date(parts.clock.nowMs()) });
    assert.deepEqual(
      [payload.htm, payload.htu],
      ['GET', `${broker.issuer}/v1/meter-points/${meterPoint}/readings`],
    );
  }
  await keys.destroy();
});

test('what the householder gave is what is granted, however much was asked', async () => {
  const access = await testAccess(broker, party, home, { resolution: 'P1M' });
  assert.equal(access.resolution, 'P1M');
  const answer = await access.readings(access.meterPoints[0] as string, {
    ...closedDay(broker),
    resolution: 'P1D',
  });
  assert.equal(answer.status, 403);
  const { code } = await answer.json();
  assert.equal(code, 'finer_than_consented');
  assert.match(answer.headers.get('www-authenticate') as string, /insufficient_scope/);
});

const refusals: [
  string,
  (access: { from: string; until: string }) => Record<string, string>,
  number,
  string,
][] = [
  [
    'a window before the consent',
    () => ({ from: '2020-01-01', to: '2020-01-02' }),
    403,
    'outside_consent_window',
  ],
  [
    'a day that has not closed',
    () => ({ from: new Date().toISOString().slice(0, 10), to: tomorrow() }),
    403,
    'period_not_closed',
  ],
  [
    'a month from its third day',
    () => ({ from: '2026-01-03', to: '2026-02-03', resolution: 'P1M' }),
    400,
    'not_on_period_boundary',
  ],
  ['a day that does not exist', () => ({ from: '2026-02-30', to: '2026-03-01' }), 400, 'invalid_request'],
  ['a window of two years', () => ({ from: '2024-01-01', to: '2026-01-01' }), 400, 'invalid_request'],
  [
    'an unknown resolution',
    () => ({ from: '2026-01-01', to: '2026-01-02', resolution: 'PT1S' }),
    400,
    'invalid_request',
  ],
  ['a parameter twice', () => ({ from: '2026-01-01', to: '2026-01-02', extra: '1' }), 400, 'invalid_request'],
  [
    'another register',
    (a) => ({ from: a.from, to: nextDay(a.from), register: 'export' }),
    403,
    'register_not_consented',
  ],
];
const nextDay = (day: string) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

for (const [what, query, status, code] of refusals) {
  test(`${what} is refused with ${code}, and no reading leaves`, async () => {
    const access = await testAccess(broker, party, home);
    const answer = await access.readings(access.meterPoints[0] as string, {
      resolution: 'P1D',
      ...query(access),
    });
    const body = await answer.json();
    assert.equal(answer.status, status, JSON.stringify(body));
    assert.equal(body.code, code);
    assert.equal('readings' in body, false);
    if (status === 403) assert.equal((await entries()).at(-1)?.kind, 'refusal');
  });
}

test('the meter point of another consent is unknown in this one', async () => {
  const first = await testAccess(broker, party, home);
  const other = await testAccess(broker, await testParty(broker), await testHome(broker));
  const answer = await first.readings(other.meterPoints[0] as string, {
    ...closedDay(broker),
    resolution: 'P1D',
  });
  assert.equal(answer.status, 404);
  assert.equal((await answer.json()).code, 'meter_point_unknown');
});

test('a suspended third party reads nothing until it is restored', async () => {
  const access = await testAccess(broker, party, home);
  const read = () =>
    access.readings(access.meterPoints[0] as string, { ...closedDay(broker), resolution: 'P1D' });
  await suspendThirdParty(broker.parts, party.clientId as ClientId, 'being looked into');
  const refused = await read();
  assert.equal(refused.status, 403);
  assert.equal((await refused.json()).code, 'third_party_suspended');
  await restoreThirdParty(broker.parts, party.clientId as ClientId);
  assert.equal((await read()).status, 200);
});

test('a new consent for the same purpose supersedes the older one, whose tokens are worth nothing then', async () => {
  const older = await testAccess(broker, party, home);
  const newer = await testAccess(broker, party, home, { resolution: 'P1D' });
  const query = { ...closedDay(broker), resolution: 'P1D' };
  assert.equal((await older.readings(older.meterPoints[0] as string, query)).status, 401);
  assert.equal((await newer.readings(newer.meterPoints[0] as string, query)).status, 200);
});
