import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { GuardRefused } from '../../src/ledger/ledger.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const { app } = databases;
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});

const dropped = (number: number, start = '1700') => ({
  req: newRequestId(),
  householdId: null,
  body: { kind: 'read.dropped', actor: 'broker', store_read: `${start}/${number}` } as const,
  guards: [{ name: 'store-read-open', args: { number } }],
});
const noted = async () =>
  (await sql<{ n: number }>`select number as n from ledger.store_read order by number`.execute(app)).rows.map(
    ({ n }) => n,
  );
const settle = (number: number) =>
  sql`select ledger.settle_store_reads(1::smallint, ${number}::bigint, '1700')`.execute(app);

test('the ledger notes the number of each entry that has one, and a second entry of it is refused', async () => {
  await ledger.append(dropped(7));
  assert.deepEqual(await noted(), [7]);
  await assert.rejects(
    ledger.append(dropped(7)),
    (error) => error instanceof GuardRefused && error.reason === 'store_read_taken',
  );
  await Promise.all([8, 9].map((number) => ledger.append(dropped(number))));
  assert.deepEqual(await noted(), [7, 8, 9]);
});

test('what is settled is noted no more, and is taken for good', async () => {
  await sql`select ledger.begin_store_reads(1::smallint, 100, '1700')`.execute(app);
  const held = await sql<{ number: number }>`select number from ledger.hold_store_reads(1::smallint)`.execute(
    app,
  );
  assert.equal(held.rows[0]?.number, 6, 'it begins below the first entry');
  await settle(8);
  assert.deepEqual(await noted(), [9]);
  for (const number of [8, 3, 0]) await assert.rejects(ledger.append(dropped(number)), GuardRefused);
  await settle(5);
  await assert.rejects(ledger.append(dropped(8)), GuardRefused, 'it never goes back');
  await ledger.append({ ...dropped(2), guards: [] });
  assert.deepEqual(await noted(), [9]);
});

test('the application cannot write what is noted, but by the functions', async () => {
  await assert.rejects(sql`delete from ledger.store_read`.execute(app), /permission denied/);
  await assert.rejects(
    sql`update ledger.store_read_settled set number = 1`.execute(app),
    /permission denied/,
  );
});

test('a text that looks like the field is none', async () => {
  await ledger.append({
    req: newRequestId(),
    householdId: null,
    body: {
      kind: 'third-party.suspended',
      actor: 'operator',
      third_party: 'client_BRIGHTWATTbrightwattBR',
      reason: '"store_read":"1700/50"',
    },
  });
  assert.deepEqual(await noted(), [9]);
});
