import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
  addMonths,
  dayNumber,
  isZone,
  localDate,
  localDateAt,
  parseLocalDate,
  startOfLocalDayMs,
} from '../../src/lib/local-date.ts';

const london = 'Europe/London';

test('only a day that exists, written in full, is a date', () => {
  assert.equal(parseLocalDate('2024-02-29'), '2024-02-29');
  for (const text of [
    '2023-02-29',
    '2024-13-01',
    '2024-1-01',
    '24-01-01',
    '2024-01-01T00:00',
    '+002024-01-01',
    '',
  ]) {
    assert.equal(parseLocalDate(text), null, text);
  }
  assert.throws(() => localDate('2023-02-30'), RangeError);
});

test('the clock-change days of Great Britain are 23 and 25 hours long', () => {
  const hours = (day: string) =>
    (startOfLocalDayMs(addDays(localDate(day), 1), london) - startOfLocalDayMs(localDate(day), london)) /
    3_600_000;
  assert.equal(hours('2026-03-29'), 23);
  assert.equal(hours('2026-10-25'), 25);
  assert.equal(hours('2026-06-01'), 24);
});

test('the start of a local day lies on that day, and the millisecond before it does not', () => {
  const zones = fc.constantFrom(london, 'America/Los_Angeles', 'Asia/Kathmandu', 'America/Sao_Paulo', 'UTC');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60_000 }), zones, (day, zone) => {
      const date = addDays(localDate('1990-01-01'), day);
      const start = startOfLocalDayMs(date, zone);
      assert.equal(localDateAt(start, zone), date);
      assert.equal(localDateAt(start - 1, zone), addDays(date, -1));
      assert.equal(dayNumber(addDays(date, 1)), dayNumber(date) + 1);
    }),
  );
});

test('a month is added by the calendar', () => {
  assert.equal(addMonths(localDate('2025-01-31'), 1), '2025-02-28');
  assert.equal(dayNumber(localDate('1970-01-02')), 1);
});

test('a zone that nobody knows is no zone', () => {
  assert.ok(isZone(london));
  for (const text of ['Mars/Olympus', '', 'Europe/London; drop table', 'x'.repeat(65)])
    assert.ok(!isZone(text), text);
});
