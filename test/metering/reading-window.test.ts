import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StabledoorError } from '../../src/lib/errors.ts';
import { localDate } from '../../src/lib/local-date.ts';
import type { Resolution } from '../../src/metering/reading.ts';
import { closedUntil, isClosed, readingWindow } from '../../src/metering/reading-window.ts';

const refusedWith = (code: string) => (thrown: unknown) =>
  thrown instanceof StabledoorError && thrown.code === code;
const ms = (text: string): number => Date.parse(text);

test('a monthly window from the 3rd to the 5th is not on a period boundary', () => {
  const refused = refusedWith('not_on_period_boundary');
  assert.throws(() => readingWindow('2026-01-03', '2026-01-05', 'P1M'), refused);
  assert.throws(() => readingWindow('2026-01-01', '2026-02-02', 'P1M'), refused);
  assert.throws(() => readingWindow('2026-01-02', '2026-02-01', 'P1M'), refused);
  readingWindow('2026-01-01', '2026-03-01', 'P1M');
  readingWindow('2026-01-03', '2026-01-05', 'P1D');
  readingWindow('2026-01-03', '2026-01-05', 'PT30M');
});

test('a window is real days, in order, and at most 366 of them', () => {
  const refused = refusedWith('invalid_request');
  for (const [from, to] of [
    ['2026-02-30', '2026-03-02'],
    ['2026-02-01', '2026-02-29'],
    ['2026-13-01', '2027-01-01'],
    ['20260101', '2026-02-01'],
    ['2026-01-01T00:00:00Z', '2026-02-01'],
    ['2026-01-01', '2026-01-01'],
    ['2026-01-02', '2026-01-01'],
    ['2026-01-01', '2027-01-03'],
    ['1969-12-31', '1970-01-02'],
    ['', ''],
  ] as const)
    assert.throws(() => readingWindow(from, to, 'P1D'), refused, `${from} to ${to}`);
  readingWindow('2024-01-01', '2025-01-01', 'P1M'); // a leap year is 366 days
});

test('a day closes on the second morning after it, at local midnight', () => {
  const cases: [string, string, string][] = [
    ['Europe/London', '2026-01-03T00:00:00Z', '2026-01-02'],
    ['Europe/London', '2026-01-02T23:59:59Z', '2026-01-01'],
    ['Europe/London', '2026-06-03T22:59:59Z', '2026-06-02'],
    ['Europe/London', '2026-06-03T23:00:00Z', '2026-06-03'],
    ['America/Los_Angeles', '2011-01-03T07:59:59Z', '2011-01-01'],
    ['America/Los_Angeles', '2011-01-03T08:00:00Z', '2011-01-02'],
  ];
  for (const [zone, now, until] of cases)
    for (const resolution of ['P1D', 'PT30M'] as Resolution[])
      assert.equal(closedUntil(ms(now), resolution, zone), until, `${zone} ${now} ${resolution}`);
});

test('a month closes on the 4th of the next', () => {
  const zone = 'Europe/London';
  assert.equal(closedUntil(ms('2026-02-03T23:59:59Z'), 'P1M', zone), '2026-01-01');
  assert.equal(closedUntil(ms('2026-02-04T00:00:00Z'), 'P1M', zone), '2026-02-01');
  assert.equal(closedUntil(ms('2026-01-03T12:00:00Z'), 'P1M', zone), '2025-12-01');
  assert.equal(closedUntil(ms('2026-01-04T12:00:00Z'), 'P1M', zone), '2026-01-01');
});

test('a window is closed when its last period is', () => {
  const now = ms('2026-01-10T12:00:00Z');
  assert.equal(
    isClosed({ from: localDate('2026-01-01'), to: localDate('2026-01-09') }, 'P1D', 'Europe/London', now),
    true,
  );
  assert.equal(
    isClosed({ from: localDate('2026-01-01'), to: localDate('2026-01-10') }, 'P1D', 'Europe/London', now),
    false,
  );
  assert.equal(
    isClosed({ from: localDate('2026-01-01'), to: localDate('2026-02-01') }, 'P1M', 'Europe/London', now),
    false,
  );
});
