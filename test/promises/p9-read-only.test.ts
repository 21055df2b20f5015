// P9: the broker connects to a meter store with a role that can write to nothing there, checks that at start, and
// refuses to start otherwise. What the check finds is in test/metering/sources/read-only.test.ts; that the command
// refuses too, in test/cli/own-postgres.test.ts.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import type { MeterStoreTables } from '../../src/db/tables/meter-store.ts';
import { testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
const owner = databases.open<MeterStoreTables>(databases.urls.meterStoreOwner, 1);
const reader = databases.open<MeterStoreTables>(databases.urls.meterReader, 1);
after(() => databases.close());

const tables = async (): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`
    select schemaname || '.' || tablename as name from pg_tables where schemaname in ('meter', 'stabledoor') order by 1`.execute(
    owner,
  );
  return rows.map(({ name }) => name);
};

test('to every table of the meter store every way to write is refused', async () => {
  const all = await tables();
  assert.ok(all.length >= 4, all.join());
  for (const table of all.map((name) => sql.table(name))) {
    const attempts = [
      sql`insert into ${table} default values`,
      sql`delete from ${table}`,
      sql`truncate ${table}`,
      sql`drop table ${table}`,
      sql`alter table ${table} add column taken_over text`,
    ];
    for (const attempt of attempts)
      await assert.rejects(
        attempt.execute(reader),
        /permission denied|must be owner/,
        attempt.compile(reader).sql,
      );
  }
  for (const made of ['create table meter.mine ()', 'create table public.mine ()', 'create schema mine'])
    await assert.rejects(sql.raw(made).execute(reader), /permission denied/, made);
  await assert.rejects(sql`update meter.day set readings = readings`.execute(reader), /permission denied/);
  await assert.rejects(sql`select setval('meter.read_number', 1)`.execute(reader), /permission denied/);
});

for (const right of ['insert', 'update', 'delete', 'truncate'] as const) {
  test(`a broker whose role may ${right} there does not start, and says why`, async () => {
    await sql`grant ${sql.raw(right)} on meter.day to stabledoor_meter_reader`.execute(owner);
    try {
      await assert.rejects(testBroker({ databases }), /must be read only.*may write to meter\.day/s);
    } finally {
      await sql`revoke ${sql.raw(right)} on meter.day from stabledoor_meter_reader`.execute(owner);
    }
  });
}

test('with the role as the migrations make it, it starts', async () => {
  const broker = await testBroker({ databases });
  await broker.close();
});
