import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayNumber, localDate } from '../../src/lib/local-date.ts';
import { dayLength, formatLocalDate, monthStart } from '../../src/metering/local-time.ts';
import { minimise } from '../../src/metering/minimise.ts';
import type { DayArray, Reading, ReadingWindow } from '../../src/metering/reading.ts';

const zones = ['Europe/London', 'America/Los_Angeles'] as const;
const intervals = [300, 600, 900, 1800, 3600] as const;

const epochDay = (text: string): number => dayNumber(localDate(text));
const span = (from: string, to: string): ReadingWindow => ({ from: localDate(from), to: localDate(to) });

function fullDay(
  zone: string,
  date: string,
  intervalSeconds: number,
  value: (i: number) => number | null,
): DayArray {
  const length = dayLength(zone, epochDay(date)) / intervalSeconds;
  return {
    day: localDate(date),
    intervalSeconds,
    values: Array.from({ length }, (_, i) => value(i)),
    revision: 1,
  };
}

const total = (readings: readonly Reading[]): number =>
  readings.reduce((sum, each) => sum + (each.value ?? 0), 0);

/** Some whole months of day arrays with absent elements and absent days. */
const someMonths = fc
  .record({
    zone: fc.constantFrom(...zones),
    month: fc.integer({ min: 0, max: 360 }),
    months: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer(),
    interval: fc.constantFrom(...intervals),
  })
  .map(({ zone, month, months, seed, interval }) => {
    const from = monthStart(epochDay('2000-01-01'), month);
    const to = monthStart(from, months);
    let state = seed >>> 0;
    const next = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state;
    };
    const days: DayArray[] = [];
    for (let day = from; day < to; day += 1) {
      if (next() % 10 === 0) continue;
      days.push(
        fullDay(zone, formatLocalDate(day), interval, () => (next() % 20 === 0 ? null : next() % 50_000)),
      );
    }
    return { zone, interval, days, window: { from: formatLocalDate(from), to: formatLocalDate(to) } };
  });

test('half-hours, days and months of the same window have the same sum, whatever the zone and the source', () => {
  fc.assert(
    fc.property(someMonths, ({ zone, interval, days, window }) => {
      let sum = 0;
      for (const day of days) for (const value of day.values) sum += value ?? 0;
      // Finer than half an hour, some half-hours are withheld: the test after this one.
      const resolutions = interval < 1800 ? (['P1D', 'P1M'] as const) : (['PT30M', 'P1D', 'P1M'] as const);
      for (const resolution of resolutions)
        assert.equal(total(minimise(days, window, resolution, zone).readings), sum, resolution);
    }),
    { numRuns: 60 },
  );
});

test('a value never stands for half of its period or less: one half-hour of a day is a half-hour still', () => {
  const zone = 'Europe/London';
  const one = fullDay(zone, '2026-01-01', 1800, (i) => (i === 36 ? 1234 : null));
  const lone = { start: '2026-01-01T00:00:00Z', value: null, complete: false };
  assert.deepEqual(minimise([one], span('2026-01-01', '2026-01-02'), 'P1D', zone).readings, [
    { ...lone, present: 1, expected: 48 },
  ]);
  const day = fullDay(zone, '2026-01-01', 1800, () => 100);
  assert.deepEqual(minimise([day], span('2026-01-01', '2026-02-01'), 'P1M', zone).readings, [
    { ...lone, present: 48, expected: 1488 },
  ]);
  fc.assert(
    fc.property(someMonths, fc.constantFrom('PT30M', 'P1D', 'P1M'), ({ zone, days, window }, resolution) => {
      for (const each of minimise(days, window, resolution, zone).readings)
        if (!each.complete)
          assert.equal(each.value !== null, (each.present ?? 0) * 2 > (each.expected ?? 0), each.start);
    }),
    { numRuns: 40 },
  );
});

test('present and expected count every source interval exactly once', () => {
  fc.assert(
    fc.property(someMonths, ({ zone, interval, days, window }) => {
      if (days.length === 0) return;
      let present = 0;
      for (const day of days) for (const value of day.values) if (value !== null) present += 1;
      const seconds = epochDay(window.to) - epochDay(window.from);
      let all = 0;
      for (let i = 0; i < seconds; i += 1) all += dayLength(zone, epochDay(window.from) + i) / interval;
      for (const reading of minimise(days, window, 'P1D', zone).readings)
        assert.equal(reading.complete, reading.present === undefined && reading.value !== null);
      const months = minimise(days, window, 'P1M', zone).readings;
      const gaps = months.reduce(
        (sum, each) => sum + (each.complete ? 0 : (each.expected ?? 0) - (each.present ?? 0)),
        0,
      );
      assert.equal(gaps, all - present);
    }),
    { numRuns: 40 },
  );
});

test('changing one reading changes exactly one period, by exactly that much', () => {
  fc.assert(
    fc.property(someMonths, fc.nat(), fc.constantFrom('PT30M', 'P1D', 'P1M'), (made, pick, resolution) => {
      const { days, window, zone } = made;
      const at = days.findIndex((day) => day.values.some((value) => value !== null));
      const day = days[at];
      if (day === undefined) return;
      const present = day.values.flatMap((value, i) => (value === null ? [] : [i]));
      const index = present[pick % present.length];
      const moved = { ...day, values: day.values.map((v, i) => (i === index && v !== null ? v + 7 : v)) };
      const before = minimise(days, window, resolution, zone).readings;
      const after = minimise(days.with(at, moved), window, resolution, zone).readings;
      const changes = before.flatMap((each, i) => {
        const other = after[i];
        assert.ok(other !== undefined && other.start === each.start);
        return other.value === each.value ? [] : [(other.value ?? 0) - (each.value ?? 0)];
      });
      const withheld = before.some((each) => each.value === null && (each.present ?? 0) > 0);
      if (!withheld || changes.length > 0) assert.deepEqual(changes, [7]);
    }),
    { numRuns: 40 },
  );
});

test('a local day has 46, 48 or 50 half-hours, and its starts are the zone’s own', () => {
  const cases = [
    ['Europe/London', '2026-03-29', 46, '2026-03-29T00:00:00Z', '2026-03-29T22:30:00Z'],
    ['Europe/London', '2026-06-01', 48, '2026-05-31T23:00:00Z', '2026-06-01T22:30:00Z'],
    ['Europe/London', '2026-10-25', 50, '2026-10-24T23:00:00Z', '2026-10-25T23:30:00Z'],
    ['America/Los_Angeles', '2011-03-13', 46, '2011-03-13T08:00:00Z', '2011-03-14T06:30:00Z'],
    ['America/Los_Angeles', '2011-11-06', 50, '2011-11-06T07:00:00Z', '2011-11-07T07:30:00Z'],
  ] as const;
  for (const [zone, date, count, first, last] of cases) {
    const window = span(date, formatLocalDate(epochDay(date) + 1));
    for (const interval of [900, 1800]) {
      const answer = minimise([fullDay(zone, date, interval, () => 100)], window, 'PT30M', zone);
      assert.equal(answer.resolution, 'PT30M');
      assert.equal(answer.readings.length, count);
      assert.equal(answer.readings[0]?.start, first);
      assert.equal(answer.readings.at(-1)?.start, last);
      assert.ok(answer.readings.every((each) => each.value === 100 * (1800 / interval) && each.complete));
    }
  }
});

test('an hourly source answers hours where half-hours are asked, and never halves them', () => {
  const window = span('2011-11-06', '2011-11-07');
  const day = fullDay('America/Los_Angeles', '2011-11-06', 3600, (i) => i);
  const answer = minimise([day], window, 'PT30M', 'America/Los_Angeles');
  assert.equal(answer.resolution, 'PT1H');
  assert.deepEqual(
    answer.readings.map((each) => each.value),
    day.values,
  );
});

test('where one day holds hours, the whole answer is in hours', () => {
  const zone = 'Europe/London';
  const days = [fullDay(zone, '2026-01-01', 1800, () => 1), fullDay(zone, '2026-01-02', 3600, () => 10)];
  const answer = minimise(days, span('2026-01-01', '2026-01-03'), 'PT30M', zone);
  assert.equal(answer.resolution, 'PT1H');
  assert.deepEqual(
    answer.readings.map((each) => each.value),
    [...Array(24).fill(2), ...Array(24).fill(10)],
  );
});

test('a missing half-hour is said and counted; a missing day is null, not zero', () => {
  const zone = 'Europe/London';
  const day = fullDay(zone, '2026-01-01', 1800, (i) => (i === 20 ? null : 10));
  const window = span('2026-01-01', '2026-01-03');
  assert.deepEqual(minimise([day], window, 'P1D', zone).readings, [
    { start: '2026-01-01T00:00:00Z', value: 470, complete: false, present: 47, expected: 48 },
    { start: '2026-01-02T00:00:00Z', value: null, complete: false, present: 0, expected: 48 },
  ]);
  const halves = minimise([day], window, 'PT30M', zone).readings;
  assert.equal(halves.length, 96);
  assert.deepEqual(halves[20], {
    start: '2026-01-01T10:00:00Z',
    value: null,
    complete: false,
    present: 0,
    expected: 1,
  });
  assert.equal(halves[95]?.value, null);
});

test('a real zero stays a zero', () => {
  const day = fullDay('Europe/London', '2026-01-01', 1800, () => 0);
  const answer = minimise([day], span('2026-01-01', '2026-01-02'), 'P1D', 'Europe/London');
  assert.deepEqual(answer.readings, [{ start: '2026-01-01T00:00:00Z', value: 0, complete: true }]);
});

test('days outside the window never reach the answer, nor make it coarser', () => {
  const zone = 'Europe/London';
  const days = ['2025-12-31', '2026-01-01', '2026-01-02'].map((date) =>
    fullDay(zone, date, date === '2026-01-01' ? 1800 : 3600, () => 1),
  );
  const window = span('2026-01-01', '2026-01-02');
  const whole = [{ start: '2026-01-01T00:00:00Z', value: 48, complete: true }];
  assert.deepEqual(minimise(days, window, 'P1D', zone).readings, whole);
  assert.equal(minimise(days, window, 'PT30M', zone).resolution, 'PT30M');
});

test('the largest readings that the store can hold sum exactly', () => {
  const zone = 'Europe/London';
  const largest = 2 ** 31 - 1;
  const days = Array.from({ length: 31 }, (_, i) =>
    fullDay(zone, formatLocalDate(epochDay('2026-01-01') + i), 300, () => largest),
  );
  const [month] = minimise(days, span('2026-01-01', '2026-02-01'), 'P1M', zone).readings;
  assert.equal(BigInt(month?.value ?? 0), BigInt(largest) * 288n * 31n);
});

test('a row that does not fit its local day, or holds a fraction, is refused rather than summed', () => {
  const window = span('2026-03-29', '2026-03-30');
  const wrong = (over: Partial<DayArray>): DayArray => ({
    ...fullDay('Europe/London', '2026-03-29', 1800, () => 1),
    ...over,
  });
  for (const day of [
    wrong({ values: Array(48).fill(1) }),
    wrong({ values: Array(46).fill(0.5) }),
    wrong({ intervalSeconds: 1200, values: Array(69).fill(1) }),
    wrong({ values: Array(46).fill(Number.MAX_SAFE_INTEGER) }),
  ])
    assert.throws(() => minimise([day], window, 'P1D', 'Europe/London'), RangeError);
});
