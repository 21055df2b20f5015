import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

async function thirdParty(status: string): Promise<string> {
  const id = newId('client');
  await sql`insert into registry.third_party (client_id, name, trading_name, class, legal_group, registration_number,
      status, redirect_uris, purposes, detail_types, recipients, jwks, retention_days, registered_at)
    values (${id}, 'A', 'A', 'insurer', 'A', '', ${status}, '{https://a.example}', '{claim}', '{meter_readings}', '{}',
      '{"keys":[{"kid":"k"}]}', 1, ledger.now())`.execute(app);
  return id;
}

const change = (id: string) =>
  sql<{ changed: boolean }>`
    select registry.change_terms(null, ${id}, 'supplier', 'B', '{billing}') as changed`.execute(app);
const note = (id: string) =>
  sql<{ kept: boolean }>`select registry.approve_note(null, ${id}, 'n', 'A text.') as kept`.execute(app);
const erase = () =>
  sql`insert into household.erasure (household_id, asked_by, asked_at, due_at)
    values (${newId('household')}, 'operator', ledger.now(), ledger.now())`.execute(app);

test('outside production one operator changes terms and notes, of whoever is there and not pending', async () => {
  await sql`select ledger.open_log(2::smallint, 'sandbox.example/ledger', 'sandbox')`.execute(app);
  const [active, pending] = [await thirdParty('active'), await thirdParty('pending')];
  assert.equal((await change(active)).rows[0]?.changed, true);
  assert.equal((await change(pending)).rows[0]?.changed, false);
  assert.equal((await note(active)).rows[0]?.kept, true);
  assert.equal((await note(newId('client'))).rows[0]?.kept, false);
  await erase();
});

test('in production none of it happens without a proposal that was approved', async () => {
  await sql`select ledger.open_log(1::smallint, 'test.example/ledger', 'production')`.execute(app);
  const [active, pending] = [await thirdParty('active'), await thirdParty('pending')];
  for (const act of [() => change(active), () => note(active), erase])
    await assert.rejects(act(), /two operators/);
  await assert.rejects(
    sql`update registry.third_party set status = 'active' where client_id = ${pending}`.execute(app),
    /two operators/,
  );
  await assert.rejects(
    sql`update registry.third_party set class = 'supplier'`.execute(app),
    /permission denied/,
  );
  // A suspension needs no second.
  await sql`update registry.third_party set status = 'suspended', suspended_reason = 'x' where client_id = ${active}`.execute(
    app,
  );
});
