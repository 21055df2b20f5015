// `stabledoor supply` and `stabledoor order`, as processes beside a running broker.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { insertComplaint } from '../../src/household/complaint-store.ts';
import { newId } from '../../src/lib/ids.ts';
import type { BareParty } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';
import { ownParty, ownToken, readByRight, readyGet } from '../support/own-access.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let supplier: BareParty;
let authority: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  supplier = await ownParty(broker, 'supplier');
  authority = await ownParty(broker, 'lawful-authority');
});
after(async () => {
  await broker.close();
  await databases.close();
});
const run = (...args: string[]) => stabledoor(broker.environment, args);
const answer = async (...args: string[]) => {
  const ran = await run(...args);
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out);
};
const adding = () => [
  ...['--third-party', supplier.clientId, '--email', home.email],
  ...['--meter-point', home.mpan, '--from', closedDay(broker).from],
];

test('a supply is added, listed, read by and ended', async () => {
  const added = await answer('supply', 'add', ...adding());
  assert.equal(added.meter_point, home.mpan);
  const { supplies } = await answer('supply', 'list', '--json');
  assert.deepEqual(supplies, [added]);
  assert.match(
    (await run('supply', 'list')).out,
    new RegExp(`${added.supply_id} +Northern Supply +${home.mpan}`),
  );
  const token = await ownToken(broker, supplier);
  const query = { ...closedDay(broker), resolution: 'PT30M', purpose: 'forecasting' };
  assert.equal((await readByRight(broker, supplier, token, added.meter_point_id, query)).status, 200);
  const twice = await run('supply', 'add', ...adding());
  assert.deepEqual([twice.code, /supplies that household there already/.test(twice.err)], [1, true]);
  assert.equal((await answer('supply', 'end', added.supply_id)).supply_id, added.supply_id);
  assert.equal((await readByRight(broker, supplier, token, added.meter_point_id, query)).status, 403);
  assert.equal((await run('supply', 'end', added.supply_id)).code, 1);
});

test('bad input of a supply is refused in words', async () => {
  for (const [args, code, words] of [
    [['supply', 'end', 'x'], 2, /no id of a supply/],
    [['supply', 'add', ...adding(), '--from', 'soon'], 2, /--from/],
    [['supply', 'add', ...adding(), '--third-party', 'x'], 2, /no id of a third party/],
    [['supply', 'add', ...adding(), '--email', 'nobody@example.org'], 1, /Nobody signs in/],
    [['supply', 'add', ...adding(), '--third-party', authority.clientId], 1, /no supplier/],
    [['supply', 'list', '--limit', 'many'], 2, /--limit/],
  ] as const) {
    const ran = await run(...args);
    assert.deepEqual([ran.code, words.test(ran.err)], [code, true], ran.err);
  }
});

test('an order is recorded, listed, read by, and told of', async () => {
  const { from, to } = closedDay(broker);
  const recording = [
    ...['order', 'record', '--third-party', authority.clientId, '--instrument', 'court-order'],
    ...['--authority', 'County Court', '--reference', 'K1', '--meter-point', home.mpan],
    ...['--resolution', 'P1D', '--from', from, '--to', to],
  ];
  const expires = new Date(broker.parts.clock.nowMs() + 86_400_000).toISOString();
  const recorded = await answer(...recording, '--expires', expires);
  const { orders } = await answer('order', 'list', '--json');
  assert.deepEqual([orders[0].order_id, orders[0].told], [recorded.order_id, false]);
  const token = await ownToken(broker, authority);
  const { rights } = await (await (await readyGet(broker, authority, token, '/v1/rights'))()).json();
  const query = { from, to, resolution: 'P1D' };
  assert.equal((await readByRight(broker, authority, token, rights[0].id, query)).status, 200);
  assert.deepEqual(await answer('order', 'open'), { told: 1 });
  assert.match((await run('order', 'list')).out, /court-order K1 .*told$/m);
  const vague = await run(...recording, '--expires', 'never');
  assert.deepEqual([vague.code, /--expires/.test(vague.err)], [2, true], vague.err);
  const late = await run(...recording, '--expires', '2020-01-01T00:00:00Z');
  assert.deepEqual([late.code, /within a year/.test(late.err)], [1, true], late.err);
});

test('a complaint is listed, acknowledged and answered from the command line', async () => {
  const complaintId = newId('complaint');
  await insertComplaint(broker.parts.db, { complaintId, householdId: home.householdId, text: 'Why?' }, 10);
  const { complaints } = await answer('complaint', 'list', '--json');
  assert.deepEqual([complaints[0].complaint_id, complaints[0].state], [complaintId, 'new']);
  assert.equal((await answer('complaint', 'acknowledge', complaintId)).state, 'acknowledged');
  assert.equal((await run('complaint', 'acknowledge', complaintId)).code, 1);
  const file = join(await testDataFolder(), 'answer.txt');
  await writeFile(file, 'Because.\n');
  assert.equal((await answer('complaint', 'answer', complaintId, '--file', file)).state, 'answered');
  assert.match((await run('complaint', 'list')).out, /Nobody waits for an answer/);
  assert.equal((await run('complaint', 'answer', 'x', '--file', file)).code, 2);
});
