import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { MeterStoreTables } from '../../../src/db/tables/meter-store.ts';
import { dayNumber, localDate } from '../../../src/lib/local-date.ts';
import { mpanWarning, syntheticMpan } from '../../../src/metering/import/mpan.ts';
import { makeNeighbourhood, writeNeighbourhood } from '../../../src/metering/import/neighbourhood.ts';
import { homeDays, type SyntheticHome } from '../../../src/metering/import/synthetic-home.ts';
import { dayOfWeek } from '../../../src/metering/local-time.ts';
import { minimise } from '../../../src/metering/minimise.ts';
import type { DayArray } from '../../../src/metering/reading.ts';
import { embeddedSource } from '../../../src/metering/sources/embedded-source.ts';
import { testDatabases } from '../../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const importer = databases.open<MeterStoreTables>(databases.urls.importer);
const source = embeddedSource(databases.open<MeterStoreTables>(databases.urls.meterReader));

const zone = 'Europe/London';
const year = { zone, from: localDate('2025-01-01'), to: localDate('2026-01-01') };
const home: SyntheticHome = {
  ...{ baseWatts: 100, people: 2, outAtWork: true, electricHeating: false },
  awayFrom: [localDate('2025-08-02')],
};

const mean = (days: DayArray[], slots: [number, number], which: (day: DayArray) => boolean): number => {
  const values = days.filter(which).flatMap((day) => day.values.slice(...slots).map((value) => value ?? 0));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};
const month = (text: string) => (day: DayArray) => day.day.startsWith(text);
const weekend = (day: DayArray) => dayOfWeek(dayNumber(day.day)) >= 6;

test('a made-up home is believable: evenings, weekends, winter and a week away show', () => {
  const days = homeDays(home, 7, zone, year.from, year.to);
  const all: [number, number] = [0, 48];
  assert.ok(mean(days, [36, 42], () => true) > 2 * mean(days, [4, 10], () => true), 'evenings over nights');
  const working = (day: DayArray) => !weekend(day);
  assert.ok(
    mean(days, [20, 32], weekend) > 1.3 * mean(days, [20, 32], working),
    'weekends are spent at home',
  );
  assert.ok(mean(days, all, month('2025-01')) > mean(days, all, month('2025-06')), 'winter over summer');
  const away = (day: DayArray) => day.day >= '2025-08-02' && day.day < '2025-08-09';
  assert.ok(mean(days, all, away) < 0.5 * mean(days, all, month('2025-08')), 'nobody home');
  const yearly = minimise(days, year, 'P1M', zone).readings.reduce((sum, each) => sum + (each.value ?? 0), 0);
  assert.ok(yearly > 1_200_000 && yearly < 6_000_000, `${yearly} Wh a year`);
  const heated = homeDays({ ...home, electricHeating: true }, 7, zone, year.from, year.to);
  assert.ok(mean(heated, all, month('2025-01')) > 1.5 * mean(heated, all, month('2025-06')), 'heating');
});

test('the same seed makes the same home, another seed another', () => {
  const make = (seed: number) => homeDays(home, seed, zone, year.from, localDate('2025-02-01'));
  assert.deepEqual(make(1), make(1));
  assert.notDeepEqual(make(1), make(2));
});

test('six homes and a year are written in about a second, marked synthetic, and read back as made', async () => {
  const mpans = [1, 2, 3, 4, 5, 6].map(syntheticMpan);
  const made = makeNeighbourhood(42, mpans, year, [mpans[4] ?? '']);
  const started = performance.now();
  const { readings } = await importer
    .transaction()
    .execute((tx) => writeNeighbourhood(tx, made, 1_767_225_600_000));
  const took = performance.now() - started;
  assert.equal(readings, 6 * 365 * 48);
  assert.ok(took < 4000, `${took} ms`); // a loose bound: about 0.15 s on an idle machine
  const [first] = made.homes;
  assert.ok(first);
  const answer = await source.read({ mpan: first.mpan, register: 'import', window: year });
  assert.equal(answer.meterPoint?.synthetic, true);
  assert.equal(answer.meterPoint?.label, 'made up by a program, seed 42');
  assert.deepEqual(answer.days, homeDays(first.home, 43, zone, year.from, year.to));
});

test('the home with a gap has one day that is not complete, and no other home has', async () => {
  const incomplete = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (n) => {
      const { days } = await source.read({ mpan: syntheticMpan(n), register: 'import', window: year });
      return minimise(days, year, 'P1D', zone).readings.filter((each) => !each.complete);
    }),
  );
  assert.deepEqual(
    incomplete.map((days) => days.length),
    [0, 0, 0, 0, 1, 0],
  );
  assert.equal(incomplete[4]?.[0]?.present, 41);
});

test('writing a neighbourhood again changes nothing', async () => {
  const made = makeNeighbourhood(42, [syntheticMpan(1)], year);
  await importer.transaction().execute((tx) => writeNeighbourhood(tx, made, 0));
  const { days } = await source.read({ mpan: syntheticMpan(1), register: 'import', window: year });
  assert.equal(days.length, 365);
  assert.ok(days.every((day) => day.revision === 1));
});

test('made-up meter point numbers pass the check digit, and a mistyped one is warned of', () => {
  assert.equal(mpanWarning(syntheticMpan(12)), null);
  assert.equal(mpanWarning('1000000000003'), null); // 1 × 3
  assert.equal(mpanWarning('0001000000002'), null); // 1 × 13, mod 11
  assert.equal(mpanWarning('1010000000000'), null); // 1 × 3 + 1 × 7 = 10, mod 11, mod 10
  assert.match(mpanWarning(syntheticMpan(12).replace('12', '21')) ?? '', /check digit/);
  assert.equal(mpanWarning('1234567'), null);
});
