// When a householder is reminded of what they share: every 90 days, and 14 days before it ends. Pure.
// However far the clock has moved, there is one reminder to send now, not one for each that was missed.

const dayMs = 86_400_000;
export const remindEveryMs = 90 * dayMs;
export const remindBeforeEndMs = 14 * dayMs;

export interface SharedTime {
  readonly givenMs: number;
  readonly endsMs: number;
}

export interface Reminder {
  readonly kind: 'reminder' | 'ending';
  /** Which one: 1 after 90 days, 2 after 180. There is one before the end. */
  readonly number: number;
}

/** Null where the receipt has just said all there is: a consent that lives two weeks or less is told of its end at once. */
const endingMs = ({ givenMs, endsMs }: SharedTime): number | null =>
  endsMs - remindBeforeEndMs > givenMs ? endsMs - remindBeforeEndMs : null;

/** When to look at it next; null when nothing more is to be said before it ends. */
export function nextReminderMs(time: SharedTime, nowMs: number): number | null {
  const ending = endingMs(time);
  if (ending === null || ending <= nowMs) return null;
  const passed = Math.max(0, Math.floor((nowMs - time.givenMs) / remindEveryMs));
  return Math.min(time.givenMs + (passed + 1) * remindEveryMs, ending);
}

/** What is due at this moment; null for nothing. */
export function reminderDue(time: SharedTime, nowMs: number): Reminder | null {
  if (nowMs >= time.endsMs) return null;
  const ending = endingMs(time);
  if (ending !== null && nowMs >= ending) return { kind: 'ending', number: 0 };
  const number = Math.floor((nowMs - time.givenMs) / remindEveryMs);
  return number >= 1 ? { kind: 'reminder', number } : null;
}
