import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

const active = newId('client');
const suspended = newId('client');

before(async () => {
  await sql`
    insert into registry.third_party (client_id, name, trading_name, class, legal_group, registration_number, status,
      suspended_reason, redirect_uris, purposes, detail_types, recipients, jwks, retention_days, registered_at)
    select id, 'A', 'A', 'insurer', 'A', '', case when reason is null then 'active' else 'suspended' end, reason,
      '{https://a.example/cb}', '{claim}', '{meter_readings}', '{}', '{"keys": [{}]}', 1, ledger.now()
    from (values (${active}::text, null::text), (${suspended}, 'fraud')) as t (id, reason)`.execute(
    databases.app,
  );
});

test('the guard names each request of a third party that is not active, by its position', async () => {
  const requests = [
    { position: 0, args: { client_id: active } },
    { position: 3, args: { client_id: suspended } },
    { position: 4, args: { client_id: 'client_unknown' } },
    { position: 5, args: {} },
  ];
  const { rows } = await sql<{ position: number; reason: string }>`
    select g.position, g.reason
    from registry.guard_third_party_active(0::smallint, ${JSON.stringify(requests)}::jsonb) g
    order by g.position`.execute(databases.owner);
  assert.deepEqual(
    rows.map((row) => [row.position, row.reason]),
    [3, 4, 5].map((position) => [position, 'third_party_suspended']),
  );
});

test('the application cannot delete a third party, nor change what it was registered with', async () => {
  const { app, audit } = databases;
  await assert.rejects(sql`delete from registry.third_party`.execute(app), /permission denied/);
  await assert.rejects(
    sql`update registry.third_party set class = 'council'`.execute(app),
    /permission denied/,
  );
  await assert.rejects(
    sql`select registry.guard_third_party_active(0::smallint, '[]')`.execute(app),
    /permission denied/,
  );
  await assert.rejects(
    sql`insert into registry.note values ('a', 'b', 'c')`.execute(audit),
    /permission denied/,
  );
});

test('a suspension without a reason, and a reason without a suspension, cannot be stored', async () => {
  const set = (status: string, reason: string | null) =>
    sql`update registry.third_party set status = ${status}, suspended_reason = ${reason}`.execute(
      databases.app,
    );
  await assert.rejects(set('suspended', null), /check constraint/);
  await assert.rejects(set('active', 'fraud'), /check constraint/);
});
