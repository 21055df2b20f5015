import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { MeterStoreTables } from '../../../src/db/tables/meter-store.ts';
import { StabledoorError } from '../../../src/lib/errors.ts';
import { localDate } from '../../../src/lib/local-date.ts';
import { embeddedSource, readsNumbered } from '../../../src/metering/sources/embedded-source.ts';
import { testDatabases } from '../../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const reader = databases.open<MeterStoreTables>(databases.urls.meterReader);
const importer = databases.open<MeterStoreTables>(databases.urls.importer);
const source = embeddedSource(reader);

const mpan = '9900000000013';
const window = { from: localDate('2026-01-01'), to: localDate('2026-02-01') };
const values = Array.from({ length: 48 }, (_, i) => (i === 7 ? null : i));
await importer
  .insertInto('meter.meter_point')
  .values({ mpan, fuel: 'electricity', unit: 'Wh', zone: null, synthetic: true, label: 'made up' })
  .execute();
const { run } = await importer
  .insertInto('meter.import_run')
  .values({
    ...{ mpan, ran_at: new Date(0), format: 'test', file_name: 'test', file_sha256: null },
    ...{ taken: 0, duplicate: 0, corrected: 0, refused: 0 },
  })
  .returning('run')
  .executeTakeFirstOrThrow();
const day = {
  mpan,
  register: 'import',
  interval_seconds: 1800,
  readings: values,
  originals: null,
  revision: 1,
  run,
};
await importer
  .insertInto('meter.day')
  .values(['2025-12-31', '2026-01-02', '2026-01-05', '2026-02-01'].map((date) => ({ ...day, day: date })))
  .execute();

test('a read brings the days of its window, in order, absent readings as null, and says it is synthetic', async () => {
  const answer = await source.read({ mpan, register: 'import', window });
  assert.deepEqual(answer.meterPoint, {
    ...{ fuel: 'electricity', unit: 'Wh', zone: 'Europe/London', synthetic: true, label: 'made up' },
  });
  assert.deepEqual(answer.days, [
    { day: '2026-01-02', intervalSeconds: 1800, values, revision: 1 },
    { day: '2026-01-05', intervalSeconds: 1800, values, revision: 1 },
  ]);
});

test('every read is numbered, one after the other, even of what is not there', async () => {
  const before = await readsNumbered(reader);
  const reads = [];
  for (const request of [
    { mpan, register: 'import', window },
    { mpan, register: 'export', window },
    { mpan: 'nobody', register: 'import', window },
  ] as const)
    reads.push(await source.read(request));
  assert.deepEqual(
    reads.map((answer) => answer.storeRead),
    [1, 2, 3].map((n) => `${before.storeStart}/${before.lastNumber + n}`),
  );
  assert.deepEqual(reads[1]?.days, []);
  assert.equal(reads[2]?.meterPoint, null);
  assert.equal((await readsNumbered(reader)).lastNumber, before.lastNumber + 3);
});

test('a number drawn in a transaction that fails stays drawn', async () => {
  const before = await readsNumbered(reader);
  const failed = reader.transaction().execute(async (tx) => {
    await embeddedSource(tx as never).read({ mpan, register: 'import', window });
    throw new Error('no entry could be written');
  });
  await assert.rejects(failed, /no entry/);
  assert.equal((await readsNumbered(reader)).lastNumber, before.lastNumber + 1);
});

test('a description says what is held and draws no number', async () => {
  const before = await readsNumbered(reader);
  const description = await source.describe(mpan);
  assert.deepEqual(description?.holdings, [
    { register: 'import', firstDay: '2025-12-31', lastDay: '2026-02-01', intervalSeconds: 1800 },
  ]);
  assert.equal(await source.describe('nobody'), null);
  assert.deepEqual(await readsNumbered(reader), before);
});

test('a store that does not answer is unavailable, and says nothing about itself', async () => {
  const nowhere = databases.open<MeterStoreTables>('postgres://nobody:secret@127.0.0.1:1/none', 1);
  await assert.rejects(embeddedSource(nowhere).read({ mpan, register: 'import', window }), (thrown) => {
    assert.ok(thrown instanceof StabledoorError);
    assert.equal(thrown.code, 'meter_store_unavailable');
    assert.doesNotMatch(thrown.message, /127|secret|ECONN/);
    return true;
  });
});
