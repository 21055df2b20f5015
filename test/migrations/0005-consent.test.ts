import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;

let consent = newId('consent');
let meter = newId('mp');
const client = newId('client');
const digest = `${'A'.repeat(43)}=`;

async function insertConsent(id: string, state: string, once: boolean, version = 2): Promise<void> {
  const household = newId('household');
  await sql`
    insert into consent.consent (log_id, consent_id, household_id, occupier_id, client_id, request_ref, purpose, once,
      state, version, expires_at, wording, wording_digest, requested_at, changed_at)
    values (1, ${id}, ${household}, 'o', ${client}, ${id}, 'claim', ${once}, ${state}, ${version},
      ledger.now() + interval '1 day', '{}', ${digest}, ledger.now(), ledger.now())`.execute(app);
}

beforeEach(async () => {
  consent = newId('consent');
  meter = newId('mp');
});

const insertMeter = () =>
  sql`insert into consent.meter_ref (log_id, meter_ref, consent_id, meter_point_id) values (1, ${meter}, ${consent}, 'm')`.execute(
    app,
  );

interface Args {
  consent_id: string;
  version: number;
  meter_ref: string;
  third_party: string;
}
const args = (changes: Partial<Args> = {}): Args => ({
  consent_id: consent,
  version: 2,
  meter_ref: meter,
  third_party: client,
  ...changes,
});

/** The positions that the guard refuses. */
async function refused(requests: readonly (Args | Record<string, never>)[], log = 1): Promise<number[]> {
  const batch = requests.map((request, position) => ({ position, args: request }));
  const { rows } = await sql<{ position: number; reason: string }>`
    select g.position, g.reason from consent.guard_in_force(${log}::smallint, ${JSON.stringify(batch)}::jsonb) g
    order by g.position`.execute(owner);
  assert.ok(rows.every((row) => row.reason === 'consent_not_in_force'));
  return rows.map((row) => row.position);
}

test('the guard lets a given consent pass, for its version, its third party and its meter points alone', async () => {
  await insertConsent(consent, 'given', false);
  await insertMeter();
  const batch = [
    args(),
    args({ version: 1 }),
    args({ third_party: newId('client') }),
    args({ meter_ref: newId('mp') }),
    args({ consent_id: newId('consent') }),
    {},
    args(),
  ];
  assert.deepEqual(await refused(batch), [1, 2, 3, 4, 5]);
  assert.deepEqual(await refused([args()], 2), [0], 'another log knows nothing of it');
});

test('a consent that is over, or whose time is up, is not in force', async () => {
  for (const state of ['stopped', 'expired', 'ended', 'returned', 'superseded']) {
    consent = newId('consent');
    meter = newId('mp');
    await insertConsent(consent, state, false);
    await insertMeter();
    assert.deepEqual(await refused([args()]), [0], state);
  }
  consent = newId('consent');
  meter = newId('mp');
  await insertConsent(consent, 'given', false);
  await insertMeter();
  assert.deepEqual(await refused([args()]), []);
  await sql`update consent.consent set expires_at = ledger.now() where consent_id = ${consent}`.execute(app);
  assert.deepEqual(await refused([args()]), [0]);
});

test('a one-off consent is read once, also within one batch', async () => {
  await insertConsent(consent, 'given', true);
  await insertMeter();
  assert.deepEqual(await refused([args({ version: 1 }), args(), args()]), [0, 2]);
  assert.deepEqual(await refused([args()]), [0]);
});

test('the application changes nothing but the state of a consent', async () => {
  for (const statement of [
    sql`delete from consent.consent`,
    sql`update consent.consent set client_id = 'x'`,
    sql`update consent.consent set wording = '{}'`,
    sql`update consent.terms set resolution = 'PT30M'`,
    sql`delete from consent.step`,
    sql`insert into consent.single_read values (1, 'a', 'b')`,
    sql`delete from consent.single_read`,
    sql`select consent.guard_in_force(1::smallint, '[]')`,
  ]) {
    await assert.rejects(statement.execute(app), /permission denied/);
  }
});

test('a consent without a version has no end, and one that was given has both', async () => {
  await assert.rejects(insertConsent(consent, 'requested', false), /check constraint/);
  await assert.rejects(insertConsent(consent, 'given', false, 0), /check constraint/);
});
