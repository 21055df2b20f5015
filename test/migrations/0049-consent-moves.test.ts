import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;
const client = newId('client');

async function given(): Promise<{ consent: string; meter: string }> {
  const [consent, meter] = [newId('consent'), newId('mp')];
  await sql`
    insert into consent.consent (log_id, consent_id, household_id, occupier_id, client_id, request_ref, purpose, once,
      state, version, expires_at, wording, wording_digest, requested_at, changed_at)
    values (1, ${consent}, ${newId('household')}, 'o', ${client}, ${consent}, 'claim', false, 'given', 1,
      ledger.now() + interval '1 day', '{}', ${`${'A'.repeat(43)}=`}, ledger.now(), ledger.now())`.execute(
    app,
  );
  await sql`insert into consent.meter_ref (log_id, meter_ref, consent_id, meter_point_id)
    values (1, ${meter}, ${consent}, 'm')`.execute(app);
  return { consent, meter };
}

async function isRefused({ consent, meter }: { consent: string; meter: string }): Promise<boolean> {
  const args = { consent_id: consent, version: 1, meter_ref: meter, third_party: client };
  const { rows } = await sql`select position from consent.guard_in_force(1::smallint,
    ${JSON.stringify([{ position: 0, args }])}::jsonb)`.execute(owner);
  return rows.length === 1;
}

test('a consent is not in force from the moment its tenancy ends', async () => {
  const one = await given();
  assert.equal(await isRefused(one), false);
  await sql`update consent.consent set ends_at = ledger.now() + interval '1 hour' where consent_id = ${one.consent}`.execute(
    app,
  );
  assert.equal(await isRefused(one), false);
  await sql`update consent.consent set ends_at = ledger.now() where consent_id = ${one.consent}`.execute(app);
  assert.equal(await isRefused(one), true);
});

test('a meter point that was left out is not read any more', async () => {
  const one = await given();
  await sql`update consent.meter_ref set until_version = 2 where meter_ref = ${one.meter}`.execute(app);
  assert.equal(await isRefused(one), true);
});

test('a narrowing is told, with nothing but which consent', async () => {
  await sql`insert into notify.receiver (client_id, delivery, changed_at) values (${client}, 'poll', ledger.now())`.execute(
    owner,
  );
  const one = await given();
  await sql`update consent.consent set version = 2 where consent_id = ${one.consent}`.execute(app);
  const { rows } = await sql`select event, subject from notify.notice`.execute(owner);
  assert.deepEqual(rows, [{ event: 'consent-narrowed', subject: one.consent }]);
});
