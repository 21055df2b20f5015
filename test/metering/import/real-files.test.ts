// The real Green Button files, where they are: their sums against arithmetic that shares nothing with the importer.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import type { MeterStoreTables } from '../../../src/db/tables/meter-store.ts';
import { localDate } from '../../../src/lib/local-date.ts';
import { addMeterPoints } from '../../../src/metering/import/meter-points.ts';
import { minimise } from '../../../src/metering/minimise.ts';
import type { Resolution } from '../../../src/metering/reading.ts';
import { embeddedSource } from '../../../src/metering/sources/embedded-source.ts';
import { testDatabases } from '../../support/database.ts';
import { testImporter } from '../../support/import.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = ['../shared/data', '../../shared/data']
  .map((path) => resolve(root, path))
  .find((path) => existsSync(path));
const skip = folder === undefined ? 'the folder of real files, ../shared/data, is not here' : false;
const path = (name: string): string => join(folder ?? '', name);

const databases = await testDatabases();
const importerDb = databases.open<MeterStoreTables>(databases.urls.importer);
const source = embeddedSource(databases.open<MeterStoreTables>(databases.urls.meterReader));
const importer = await testImporter(importerDb);
after(async () => {
  await importer.close();
  await databases.close();
});

/** Local date (or month) to sum, by regular expression and the machine's own calendar. */
function sumsOf(file: string, zone: string, length: 7 | 10): Map<string, number> {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
  const sums = new Map<string, number>();
  const rows =
    /<IntervalReading>[\s\S]*?<start>(\d+)<\/start>[\s\S]*?<value>(\d+)<\/value>\s*<\/IntervalReading>/g;
  for (const [, start, value] of readFileSync(file, 'utf8').matchAll(rows)) {
    const key = format.format(Number(start) * 1000).slice(0, length);
    sums.set(key, (sums.get(key) ?? 0) + Number(value));
  }
  return sums;
}

async function answer(mpan: string, from: string, to: string, resolution: Resolution, zone: string) {
  const window = { from: localDate(from), to: localDate(to) };
  return minimise((await source.read({ mpan, register: 'import', window })).days, window, resolution, zone);
}

test('a year of hours, US Pacific: every day and month is the sum of the file', { skip }, async () => {
  const [mpan, zone] = ['hourly', 'America/Los_Angeles'];
  await addMeterPoints(importerDb, [{ mpan, fuel: 'electricity', zone: null }]);
  const report = await importer.importPath(mpan, path('green-button-hourly-year.xml'));
  assert.deepEqual(report.counts, { taken: 8760, duplicate: 0, corrected: 0, refused: 0 });
  assert.deepEqual([report.zone, report.firstDay, report.lastDay], [zone, '2011-01-01', '2011-12-31']);
  for (const [resolution, length] of [
    ['P1D', 10],
    ['P1M', 7],
  ] as const) {
    const { readings } = await answer(mpan, '2011-01-01', '2012-01-01', resolution, zone);
    assert.ok(readings.every((each) => each.complete));
    assert.deepEqual(
      readings.map((each) => each.value),
      [...sumsOf(path('green-button-hourly-year.xml'), zone, length).values()],
    );
  }
  const hours = await answer(mpan, '2011-03-13', '2011-03-14', 'PT30M', zone);
  assert.deepEqual([hours.resolution, hours.readings.length], ['PT1H', 23]);
  assert.equal(
    (await importer.importPath(mpan, path('green-button-hourly-year.xml'))).counts.duplicate,
    8760,
  );
});

test('a fortnight of quarter hours, US Eastern: summed to half-hours, 46 on the day of 23 hours', {
  skip,
}, async () => {
  const [mpan, zone] = ['quarters', 'America/New_York'];
  await addMeterPoints(importerDb, [{ mpan, fuel: 'electricity', zone: null }]);
  const report = await importer.importPath(mpan, path('green-button-15min.xml'));
  assert.deepEqual([report.counts.taken, report.counts.refused, report.zone], [1340, 0, zone]);
  const days = await answer(mpan, '2012-03-01', '2012-03-15', 'P1D', zone);
  assert.deepEqual(
    days.readings.map((each) => each.value),
    [...sumsOf(path('green-button-15min.xml'), zone, 10).values()],
  );
  const halves = await answer(mpan, '2012-03-01', '2012-03-15', 'PT30M', zone);
  assert.deepEqual([halves.resolution, halves.readings.length], ['PT30M', 13 * 48 + 46]);
  assert.equal(halves.readings[0]?.value, 282 + 323);
});

test('the faulty gas file: every row refused, each with its reasons', { skip }, async () => {
  const mpan = 'gas';
  await addMeterPoints(importerDb, [{ mpan, fuel: 'gas', unit: 'dm3', zone: null }]);
  const clock = { nowMs: () => Date.parse('2025-01-01T00:00:00Z') };
  const report = await importer.importPath(mpan, path('green-button-gas.xml'), { clock });
  assert.deepEqual(report.counts, { taken: 0, duplicate: 0, corrected: 0, refused: 36 });
  for (const row of report.rows)
    assert.deepEqual(
      row.reasons.map((reason) => reason.code),
      ['import_unit_missing', 'import_start_impossible', 'import_interval_unsupported'],
    );
  assert.deepEqual(
    (await answer(mpan, '2024-01-01', '2025-01-01', 'P1D', 'UTC')).readings.filter((r) => r.value !== null),
    [],
  );
});
