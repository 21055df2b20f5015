import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;
const uri = 'https://third-party.example/jwks';

async function insert(jwksUri: string | null): Promise<string> {
  const clientId = newId('client');
  await sql`insert into registry.third_party (client_id, name, trading_name, class, legal_group, registration_number, status,
      redirect_uris, purposes, detail_types, recipients, jwks, jwks_uri, jwks_fetched_at, retention_days, registered_at)
    values (${clientId}, 'A', 'A', 'insurer', 'A', '', 'active', '{https://a.example}', '{claim}', '{meter_readings}', '{}',
      '{"keys":[{"kid":"old"}]}', ${jwksUri}::text, case when ${jwksUri}::text is not null then ledger.now() end, 1, ledger.now())`.execute(
    app,
  );
  return clientId;
}
const keep = async (clientId: string, from: string, keys = '{"keys":[{"kid":"new"}]}') =>
  (
    await sql<{
      kept: boolean;
    }>`select registry.keep_fetched_keys(${clientId}, ${from}, ${keys}::jsonb) as kept`.execute(app)
  ).rows[0]?.kept;

test('fetched keys are kept for a third party that has them at that address, and for no other', async () => {
  const [fetched, registered] = [await insert(uri), await insert(null)];
  assert.equal(await keep(fetched, uri), true);
  assert.equal(await keep(fetched, 'https://other.example/jwks'), false);
  assert.equal(await keep(registered, uri), false);
  await assert.rejects(keep(fetched, uri, '{"keys":[]}'), /check/);
  const { rows } = await sql<{ client_id: string; kid: string }>`
    select client_id, jwks -> 'keys' -> 0 ->> 'kid' as kid from registry.third_party`.execute(owner);
  assert.deepEqual(
    new Map(rows.map((row) => [row.client_id, row.kid])),
    new Map([
      [fetched, 'new'],
      [registered, 'old'],
    ]),
  );
  await assert.rejects(
    sql`update registry.third_party set jwks = '{"keys":[]}'`.execute(app),
    /permission denied/,
  );
  await assert.rejects(sql`update registry.third_party set jwks_uri = 'x'`.execute(app), /permission denied/);
});
