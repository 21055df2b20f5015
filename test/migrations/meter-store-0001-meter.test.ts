import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import type { MeterStoreTables } from '../../src/db/tables/meter-store.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const reader = databases.open<MeterStoreTables>(databases.urls.meterReader);
const importer = databases.open<MeterStoreTables>(databases.urls.importer);

const meterPoint = {
  mpan: '1',
  fuel: 'electricity',
  unit: 'Wh',
  zone: null,
  synthetic: false,
  label: null,
} as const;
const run = {
  mpan: '1',
  ran_at: new Date(0),
  format: 'test',
  file_name: 'test',
  file_sha256: null,
  taken: 1,
  duplicate: 0,
  corrected: 0,
  refused: 0,
};
await importer.insertInto('meter.meter_point').values(meterPoint).execute();
await importer.insertInto('meter.import_run').values(run).execute();

const addDay = (db: Kysely<MeterStoreTables>, readings: (number | null)[], intervalSeconds = 3600) =>
  db
    .insertInto('meter.day')
    .values({
      mpan: '1',
      register: 'import',
      day: '2026-01-01',
      interval_seconds: intervalSeconds,
      readings,
      originals: null,
      revision: 1,
      run: 1,
    })
    .execute();

test('a day array must hold a plausible day, and nothing negative', async () => {
  const day = Array<number>(24).fill(1);
  for (const wrong of [[], [1], day.with(3, -1), Array<number>(400).fill(1)])
    await assert.rejects(addDay(importer, wrong), { code: '23514' });
  await assert.rejects(addDay(importer, day, 7200), { code: '23514' });
  await addDay(importer, Array<number | null>(24).fill(1).with(3, null));
});

test('the importer can change a day but not delete one, nor change what a day was', async () => {
  await importer.updateTable('meter.day').set({ revision: 2 }).where('mpan', '=', '1').execute();
  await assert.rejects(importer.deleteFrom('meter.day').execute(), { code: '42501' });
  await assert.rejects(importer.updateTable('meter.former_day').set({ revision: 2 }).execute(), {
    code: '42501',
  });
  await assert.rejects(importer.updateTable('meter.day').set({ mpan: '2' }).execute(), { code: '42501' });
});

test('the reader sees no day array but through the function that numbers reads', async () => {
  await assert.rejects(reader.selectFrom('meter.day').select('readings').execute(), { code: '42501' });
  await assert.rejects(reader.selectFrom('meter.former_day').select('readings').execute(), { code: '42501' });
  await assert.rejects(sql`select nextval('meter.read_number')`.execute(reader), { code: '42501' });
  const read = sql<{ store_read: string }>`
    select store_read from meter.read_days('1', 'import', '2026-01-01', '2026-01-02')`;
  assert.match((await read.execute(reader)).rows[0]?.store_read ?? '', /^\d{13}\/1$/);
  await assert.rejects(read.execute(importer), { code: '42501' });
});

test('no read is of more than 366 days, or backwards, or of no day', async () => {
  for (const [from, to] of [
    ['2026-01-01', '2027-01-03'],
    ['2026-01-02', '2026-01-01'],
    ['2026-01-01', '2026-01-01'],
    ['2026-01-01', 'infinity'],
    ['2026-01-01', null],
  ])
    await assert.rejects(
      sql`select days from meter.read_days('1', 'import', ${from}::date, ${to}::date)`.execute(reader),
    );
});
