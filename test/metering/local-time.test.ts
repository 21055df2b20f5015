import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayNumber, localDate } from '../../src/lib/local-date.ts';
import {
  dayLength,
  dayOfWeek,
  dayStart,
  formatInstant,
  formatLocalDate,
  knownZone,
  localDayOf,
  monthStart,
  offsetAt,
} from '../../src/metering/local-time.ts';

const zones = ['Europe/London', 'America/Los_Angeles', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'];
const instants = fc.integer({ min: 0, max: 4_102_444_800 });

test('dates, instants and weekdays agree with the machine’s own calendar', () => {
  fc.assert(
    fc.property(instants, (seconds) => {
      const date = new Date(seconds * 1000);
      assert.equal(formatInstant(seconds), `${date.toISOString().slice(0, 19)}Z`);
      const day = Math.floor(seconds / 86_400);
      assert.equal(dayNumber(formatLocalDate(day)), day);
      assert.equal(dayOfWeek(day) % 7, date.getUTCDay());
      assert.equal(formatLocalDate(monthStart(day)), `${date.toISOString().slice(0, 7)}-01`);
    }),
  );
});

test('the local day of an instant is the date that the machine’s own time zones show', () => {
  fc.assert(
    fc.property(instants, fc.constantFrom(...zones), (seconds, zone) => {
      const shown = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(
        seconds * 1000,
      );
      const day = localDayOf(zone, seconds);
      assert.equal(formatLocalDate(day), shown);
      assert.ok(dayStart(zone, day) <= seconds && seconds < dayStart(zone, day) + dayLength(zone, day));
    }),
    { numRuns: 300 },
  );
});

test('days of 23, 24 and 25 hours, and of half an hour more or less', () => {
  const hours = (zone: string, date: string): number => dayLength(zone, dayNumber(localDate(date))) / 3600;
  assert.equal(hours('Europe/London', '2026-03-29'), 23);
  assert.equal(hours('Europe/London', '2026-10-25'), 25);
  assert.equal(hours('Europe/London', '2026-07-01'), 24);
  assert.equal(hours('America/Los_Angeles', '2011-03-13'), 23);
  assert.equal(hours('America/Los_Angeles', '2011-11-06'), 25);
  assert.equal(hours('Australia/Lord_Howe', '2026-04-05'), 24.5);
});

test('a zone is known by its name only', () => {
  assert.equal(knownZone('Europe/London'), 'Europe/London');
  assert.equal(knownZone('europe/london'), 'Europe/London');
  for (const none of ['Mars/Olympus', '+01:00', '', 'x'.repeat(100), '../etc/passwd'])
    assert.equal(knownZone(none), null, none);
  assert.throws(() => dayStart('Mars/Olympus', 0), RangeError);
});

test('offsets follow the clock change to the second', () => {
  const change = Date.parse('2026-03-29T01:00:00Z') / 1000;
  assert.equal(offsetAt('Europe/London', change - 1), 0);
  assert.equal(offsetAt('Europe/London', change), 3600);
});
