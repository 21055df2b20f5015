import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextReminderMs, reminderDue } from '../../src/consent/reminders.ts';

const day = 86_400_000;
const year = { givenMs: 0, endsMs: 365 * day };

/** What is sent when each look comes as soon as it is due. */
function told(time: { givenMs: number; endsMs: number }): string[] {
  const all: string[] = [];
  let at = nextReminderMs(time, time.givenMs);
  while (at !== null) {
    const due = reminderDue(time, at);
    all.push(`${at / day}: ${due?.kind} ${due?.number}`);
    at = nextReminderMs(time, at);
  }
  return all;
}

test('a consent of a year is recalled every 90 days and 14 days before its end', () => {
  assert.deepEqual(told(year), ['90: reminder 1', '180: reminder 2', '270: reminder 3', '351: ending 0']);
});

test('one of 30 days is recalled before its end, and one of two weeks not at all', () => {
  assert.deepEqual(told({ givenMs: 0, endsMs: 30 * day }), ['16: ending 0']);
  assert.deepEqual(told({ givenMs: 0, endsMs: 14 * day }), []);
});

test('a clock that has moved far brings one reminder, not those that were missed', () => {
  assert.deepEqual(reminderDue(year, 300 * day), { kind: 'reminder', number: 3 });
  assert.equal(nextReminderMs(year, 300 * day), 351 * day);
  assert.deepEqual(reminderDue(year, 360 * day), { kind: 'ending', number: 0 });
  assert.equal(nextReminderMs(year, 360 * day), null);
  assert.equal(reminderDue(year, 365 * day), null, 'nothing is said once it is over');
});

test('whenever it is looked at, the next reminder is later, before the end, and at most 90 days away', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.double({ min: 0, max: 400, noNaN: true }),
      (days, at) => {
        const time = { givenMs: 0, endsMs: days * day };
        const nowMs = at * day;
        const next = nextReminderMs(time, nowMs);
        if (next === null) return;
        assert.ok(next > nowMs && next <= time.endsMs - 14 * day && next - nowMs <= 90 * day);
        assert.notEqual(reminderDue(time, next), null, 'what is waited for is then due');
      },
    ),
  );
});
