import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

const insert = (ethicsNumber: string | null) =>
  sql`insert into registry.third_party (client_id, name, trading_name, class, legal_group, registration_number, status,
      redirect_uris, purposes, detail_types, recipients, jwks, retention_days, registered_at, ethics_number)
    values (${newId('client')}, 'A', 'A', 'researcher', 'A', '', 'active', '{https://a.example}', '{research}',
      '{meter_readings}', '{}', '{"keys":[{"kid":"k"}]}', 1, ledger.now(), ${ethicsNumber}::text)`.execute(
    app,
  );

test('the number of an ethics approval is registered once and not changed by the application', async () => {
  await insert(null);
  await insert('REC 26/01');
  await assert.rejects(insert(''), /check/);
  await assert.rejects(insert('x'.repeat(41)), /check/);
  await assert.rejects(
    sql`update registry.third_party set ethics_number = 'x'`.execute(app),
    /permission denied/,
  );
});

test('whether a meter is paid for beforehand may be unknown', async () => {
  const add = (prepayment: boolean | null) =>
    sql`insert into household.meter_point (meter_point_id, mpan, fuel, address, zone, prepayment)
      values (${newId('meter_point')}, ${newId('meter_point').slice(12)}, 'gas', 'A', 'Europe/London', ${prepayment})
      returning prepayment`.execute(app);
  for (const known of [null, true, false]) assert.deepEqual((await add(known)).rows, [{ prepayment: known }]);
});
