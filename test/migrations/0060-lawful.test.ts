// Migration 0060: what the application may not do to supplies and orders, and that in production two operators stand behind each
// order, with just the meter points that it came with.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { testDatabases } from '../support/database.ts';
import { testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';
import { testRegistration } from '../support/third-party.ts';

const databases = await testDatabases();
const { app } = databases;
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const [ann, ben] = [newId('operator'), newId('operator')];
let client: string;
before(async () => {
  const { registration } = await testRegistration({ class: 'lawful-authority', purposes: ['lawful-order'] });
  ({ clientId: client } = await registerThirdParty({ db: app, ledger, production: false }, registration));
  for (const [id, name] of [
    [ann, 'Ann'],
    [ben, 'Ben'],
  ])
    await sql`insert into operator.operator (operator_id, name, role, added_at)
      values (${id}, ${name}, 'administrator', ledger.now())`.execute(app);
});

const insertOrder = (id: string, { proposal = null as string | null, to = '2026-02-01' } = {}) =>
  sql`insert into lawful.lawful_order (order_id, log_id, client_id, instrument, authority, reference, resolution, registers,
      from_date, to_date, expires_at, opens_at, recorded_at, proposal_id)
    values (${id}, 1, ${client}, 'court-order', 'a court', 'K1', 'P1D', '{import}', '2026-01-01', ${to},
      ledger.now() + interval '1 day', ledger.now(), ledger.now(), ${proposal})`;
const insertPoint = (id: string, mpan: string) =>
  sql`insert into lawful.order_point (meter_ref, order_id, mpan) values (${newId('mp')}, ${id}, ${mpan})`;

test('an order has at most ten meter points, and none is added later', async () => {
  const [ten, eleven] = [newId('order'), newId('order')];
  const record = (id: string, points: number) =>
    app.transaction().execute(async (tx) => {
      await insertOrder(id).execute(tx);
      for (let i = 0; i < points; i++) await insertPoint(id, `10${i}`).execute(tx);
    });
  await record(ten, 10);
  await assert.rejects(record(eleven, 11), { code: '23514' });
  const nine = newId('order');
  await record(nine, 9);
  await assert.rejects(insertPoint(nine, '999').execute(app), { code: '23514' });
});

test('the application changes nothing of what was ordered or supplied, and deletes nothing', async () => {
  for (const statement of [
    sql`update lawful.lawful_order set expires_at = ledger.now() + interval '9 years'`,
    sql`update lawful.lawful_order set opens_at = ledger.now() + interval '9 years'`,
    sql`update lawful.lawful_order set resolution = 'PT30M'`,
    sql`update lawful.order_point set mpan = 'x'`,
    sql`update lawful.supply set client_id = 'x'`,
    sql`update lawful.supply set meter_point_id = 'x'`,
    sql`delete from lawful.supply`,
    sql`delete from lawful.lawful_order`,
    sql`delete from lawful.order_point`,
    sql`select lawful.erase_household(1::smallint, 'x')`,
  ])
    await assert.rejects(statement.execute(app), /permission denied/);
});

test('one supply of a third party lasts at a home at a time', async () => {
  const home = await testHousehold({ db: app, ledger });
  const point = home.meterPoints[0]?.meterPointId;
  const supply = () =>
    sql`insert into lawful.supply (supply_id, log_id, household_id, meter_point_id, client_id, meter_ref, from_date, recorded_at)
      values (${newId('supply')}, 1, ${home.householdId}, ${point}, ${client}, ${newId('mp')}, '2026-01-01', ledger.now())`.execute(
      app,
    );
  await supply();
  await assert.rejects(supply(), { code: '23505' });
  await sql`update lawful.supply set ended_at = ledger.now(), until_date = '2026-02-01'`.execute(app);
  await supply();
  await assert.rejects(sql`update lawful.supply set opted_out = '{billing}'`.execute(app), { code: '23514' });
});

test('in production two operators record an order, just as both signed it', async () => {
  await sql`update ledger.log set mode = 'production' where log_id = 1`.execute(databases.owner);
  await assert.rejects(insertOrder(newId('order')).execute(app), { code: 'SD014' });
  const order = newId('order');
  const payload = {
    order_id: order,
    client_id: client,
    instrument: 'court-order',
    reference: 'K1',
    resolution: 'P1D',
    registers: ['import'],
    from: '2026-01-01',
    to: '2026-02-01',
  };
  const proposal = newId('proposal');
  const [salt, text] = [randomBytes(32), JSON.stringify(payload)];
  const digest = createHash('sha256').update(salt).update(text).digest('base64');
  await sql`insert into operator.proposal (proposal_id, act, payload, salt, digest, proposed_by, proposed_at, expires_at)
    values (${proposal}, 'lawful-order', ${text}, ${salt}, ${digest}, ${ann}, ledger.now(), ledger.now() + interval '1 day')`.execute(
    app,
  );
  await assert.rejects(insertOrder(order, { proposal }).execute(app), { code: 'SD014' }, 'while it is open');
  await sql`update operator.proposal set status = 'done', decided_by = ${ben}, decided_at = ledger.now()
    where proposal_id = ${proposal}`.execute(app);
  await assert.rejects(insertOrder(order, { proposal, to: '2026-03-01' }).execute(app), { code: 'SD016' });
  await insertOrder(order, { proposal }).execute(app);
  await assert.rejects(insertOrder(newId('order'), { proposal }).execute(app), /SD016|not what was approved/);
});
