// Which windows may be asked for, and until when periods are closed. A window is whole periods or nothing:
// shifted or half-filled periods could be subtracted from each other to show something finer (promise P4).
import { StabledoorError } from '../lib/errors.ts';
import { dayNumber, type LocalDate, parseLocalDate } from '../lib/local-date.ts';
import { dayOfMonth, formatLocalDate, localDayOf, monthStart } from './local-time.ts';
import type { ReadingWindow, Resolution } from './reading.ts';

export const longestWindowDays = 366;

/** A window of what a caller sent. Throws `invalid_request` or `not_on_period_boundary`. */
export function readingWindow(from: string, to: string, resolution: Resolution): ReadingWindow {
  const window = { from: realDay('from', from), to: realDay('to', to) };
  const [first, end] = [dayNumber(window.from), dayNumber(window.to)];
  if (end <= first) throw new StabledoorError('invalid_request', '`to` must be a later day than `from`.');
  if (end - first > longestWindowDays)
    throw new StabledoorError('invalid_request', `Ask for at most ${longestWindowDays} days at a time.`);
  if (resolution === 'P1M' && (dayOfMonth(first) !== 1 || dayOfMonth(end) !== 1))
    throw new StabledoorError(
      'not_on_period_boundary',
      'At P1M, `from` and `to` must both be the first day of a month.',
    );
  return window;
}

function realDay(name: string, text: string): LocalDate {
  const day = parseLocalDate(text);
  if (day === null)
    throw new StabledoorError('invalid_request', `\`${name}\` must be a real day, YYYY-MM-DD.`);
  return day;
}

/**
 * The first local day that has not closed: a window may reach up to it and no further.
 * A day leaves from the second morning after it (the start of day + 2), half-hours with their day,
 * a month from the 4th of the next.
 */
export function closedUntil(nowMs: number, resolution: Resolution, zone: string): LocalDate {
  const today = localDayOf(zone, Math.floor(nowMs / 1000));
  if (resolution !== 'P1M') return formatLocalDate(today - 1);
  return formatLocalDate(monthStart(today, dayOfMonth(today) >= 4 ? 0 : -1));
}

/** Whether every period of the window has closed. Dates compare as text. */
export const isClosed = (
  window: ReadingWindow,
  resolution: Resolution,
  zone: string,
  nowMs: number,
): boolean => window.to <= closedUntil(nowMs, resolution, zone);
