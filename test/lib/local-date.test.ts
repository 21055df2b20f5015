import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
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

test('the date at an instant is what the calendar says, also where the clocks went back over midnight', () => {
  const zones = fc.constantFrom(
    london,
    'America/St_Johns',
    'Africa/Monrovia',
    'Pacific/Apia',
    'America/Havana',
  );
  const around = fc.record({
    // The minutes about a midnight that came twice: St John's, in the night of 28 October 2007.
    centre: fc.constantFrom(
      0,
      Date.parse('2007-10-28T02:30:00Z'),
      Date.parse('2011-12-30T10:00:00Z'),
      Date.now(),
    ),
    offset: fc.integer({ min: -172_800, max: 172_800 }),
    zone: zones,
  });
  fc.assert(
    fc.property(fc.array(around, { minLength: 1, maxLength: 40 }), (asked) => {
      for (const { centre, offset, zone } of asked) {
        const at = Math.max(0, centre + offset * 1000);
        const said = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate();
        assert.equal(localDateAt(at, zone), said.toString());
      }
    }),
    { numRuns: 300 },
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
