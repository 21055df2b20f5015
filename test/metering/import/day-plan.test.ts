import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planImport } from '../../../src/metering/import/day-plan.ts';
import type { FileRow } from '../../../src/metering/import/import-row.ts';
import type { StoredDay } from '../../../src/metering/import/import-writer.ts';

const zone = 'Europe/London';
const winterDay = Date.parse('2026-01-10T00:00:00Z') / 1000;

const row = (start: number, value: number, intervalSeconds = 1800, line = start): FileRow => ({
  line,
  startText: String(start),
  reading: { register: 'import', start, intervalSeconds, value },
  reasons: [],
});
const day = (count: number, value = (i: number) => i, intervalSeconds = 1800): FileRow[] =>
  Array.from({ length: count }, (_, i) => row(winterDay + i * intervalSeconds, value(i), intervalSeconds));
const outcomes = (rows: readonly FileRow[], held: readonly StoredDay[] = []) =>
  planImport(rows, zone, held).rows.map((each) => each.outcome);
const codes = (rows: readonly FileRow[], held: readonly StoredDay[] = []) =>
  planImport(rows, zone, held).rows.map((each) =>
    each.reasons.map((reason) => reason.code.slice(7)).join(' '),
  );

test('rows in any order and in any number of files come to the same days, and twice is the same as once', () => {
  const someRows = fc.uniqueArray(fc.nat(400), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(someRows, fc.nat(), fc.integer({ min: 0, max: 3000 }), (slots, cut, days) => {
      const base = Math.floor(winterDay / 86_400 + days) * 86_400;
      const rows = slots.map((slot) => row(base + slot * 1800, slot * 7));
      const once = planImport(rows, zone, []).days;
      const at = cut % (rows.length + 1);
      const first = planImport(rows.slice(0, at), zone, []).days;
      const second = planImport(rows.slice(at), zone, first).days;
      const merged = new Map([...first, ...second].map((each) => [each.day, each]));
      assert.deepEqual([...merged.values()].sort(byDay), [...once].sort(byDay));
      const again = planImport(rows, zone, once);
      assert.deepEqual(again.days, []);
      assert.ok(again.rows.every((each) => each.outcome === 'duplicate'));
    }),
    { numRuns: 60 },
  );
});
const byDay = (a: StoredDay, b: StoredDay): number => (a.day < b.day ? -1 : 1);

test('what the rows of a file add up to is what its days add up to', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(3)), { maxLength: 80 }), (pairs) => {
      const { rows, days } = planImport(
        pairs.map(([slot, value]) => row(winterDay + slot * 1800, value)),
        zone,
        [],
      );
      const taken = rows.reduce(
        (sum, each, i) => sum + (each.outcome === 'taken' ? (pairs[i]?.[1] ?? 0) : 0),
        0,
      );
      const held = days.flatMap((each) => each.values).reduce((sum: number, value) => sum + (value ?? 0), 0);
      assert.equal(held, taken);
      for (const each of rows) assert.equal(each.outcome === 'refused', each.reasons.length > 0);
    }),
  );
});

test('a row given twice with one value is a duplicate; with two values neither is taken', () => {
  assert.deepEqual(outcomes([row(winterDay, 5), row(winterDay, 5)]), ['taken', 'duplicate']);
  const disputed = [row(winterDay, 5), row(winterDay, 6), row(winterDay, 5), row(winterDay + 1800, 1)];
  assert.deepEqual(outcomes(disputed), ['refused', 'refused', 'refused', 'taken']);
  assert.deepEqual(codes(disputed), ['overlap', 'overlap', 'overlap', '']);
});

test('a row between two places is refused and does not unseat the one it overlaps', () => {
  assert.deepEqual(codes([row(winterDay, 5), row(winterDay + 600, 6)]), ['', 'interval_misplaced overlap']);
  assert.deepEqual(codes([row(winterDay + 600, 6)]), ['interval_misplaced']);
});

test('a changed value is a correction, and what was absent before is taken', () => {
  const { days } = planImport(day(47), zone, []);
  const [corrected] = planImport([row(winterDay + 1800, 99), row(winterDay + 47 * 1800, 3)], zone, days).days;
  assert.deepEqual(outcomes([row(winterDay + 1800, 99), row(winterDay + 47 * 1800, 3)], days), [
    'corrected',
    'taken',
  ]);
  assert.equal(corrected?.values[0], 0);
  assert.equal(corrected?.values[1], 99);
  assert.equal(corrected?.values[47], 3);
});

test('one file has one length of interval in a register', () => {
  assert.deepEqual(codes([row(winterDay, 1), row(winterDay + 1800, 1, 900)]), ['', 'interval_mixed']);
});

test('a day that is held in hours can be replaced by a whole day of quarters, not by a part', () => {
  const { days } = planImport(
    day(24, () => 4, 3600),
    zone,
    [],
  );
  const quarters = day(96, () => 1, 900);
  assert.ok(codes(quarters.slice(1), days).every((code) => code === 'interval_mixed'));
  assert.deepEqual(planImport(quarters.slice(1), zone, days).days, []);
  assert.ok(outcomes(quarters, days).every((outcome) => outcome === 'corrected'));
  assert.equal(planImport(quarters, zone, days).days[0]?.values.length, 96);
});

test('hours that do not begin at local midnight are refused where the zone is off by half an hour', () => {
  const rows = day(3, () => 1, 3600);
  assert.ok(planImport(rows, 'Asia/Kolkata', []).rows.every((each) => each.outcome === 'refused'));
  assert.ok(planImport(day(3), 'Asia/Kolkata', []).rows.every((each) => each.outcome === 'taken'));
});

test('on the days of 23 and 25 hours every row has its own place', () => {
  for (const [start, count] of [
    ['2026-03-29T00:00:00Z', 46],
    ['2026-10-24T23:00:00Z', 50],
  ] as const) {
    const at = Date.parse(start) / 1000;
    const rows = Array.from({ length: count }, (_, i) => row(at + i * 1800, i));
    const { days } = planImport(rows, zone, []);
    assert.equal(days.length, 1);
    assert.deepEqual(
      days[0]?.values,
      rows.map((_, i) => i),
    );
  }
});
