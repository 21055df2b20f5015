// Local dates and zones: a day is what the calendar on the householder's wall says, 23, 24 or 25 hours long.
// The one place that turns a local date into an instant and back, so that no two rooms disagree about midnight.
import { Temporal } from 'temporal-polyfill';

declare const brand: unique symbol;
/** `YYYY-MM-DD`, a date that exists; compares as text. */
export type LocalDate = string & { readonly [brand]: 'local-date' };

/** Null unless `text` is exactly `YYYY-MM-DD` and such a day exists between 1970 and 2199. */
export function parseLocalDate(text: string): LocalDate | null {
  if (!/^(19[7-9]\d|20\d\d|21\d\d)-\d\d-\d\d$/.test(text)) return null;
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() as LocalDate;
  } catch {
    return null;
  }
}

/** Throws RangeError where `parseLocalDate` would give null: for dates that are ours, not a caller's. */
export function localDate(text: string): LocalDate {
  const date = parseLocalDate(text);
  if (date === null) throw new RangeError(`${text} is not a date`);
  return date;
}

/** An IANA zone that this machine knows. */
export function isZone(text: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text);
    return true;
  } catch {
    return false;
  }
}

/** The instant, in milliseconds since 1970, at which the local day begins (not always midnight). */
export const startOfLocalDayMs = (date: LocalDate, zone: string): number =>
  Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds;

interface KnownDay {
  readonly date: LocalDate;
  readonly fromMs: number;
  readonly untilMs: number;
}
const dayMs = 86_400_000;
const mostKnownDays = 4096;
const knownDays = new Map<string, KnownDay>();

/** The local date in `zone` at an instant. A day that is known is not asked for again: each read asks twice. */
export function localDateAt(ms: number, zone: string): LocalDate {
  const name = `${zone} ${Math.floor(ms / dayMs)}`;
  const known = knownDays.get(name);
  if (known && known.fromMs <= ms && ms < known.untilMs) return known.date;
  const date = Temporal.Instant.fromEpochMilliseconds(ms)
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .toString() as LocalDate;
  const fromMs = startOfLocalDayMs(date, zone);
  const untilMs = startOfLocalDayMs(addDays(date, 1), zone);
  // Only days of 24 hours: where the clocks went back over midnight, one date has two pieces with the day before between.
  if (untilMs - fromMs === dayMs) {
    if (knownDays.size >= mostKnownDays) knownDays.clear();
    knownDays.set(name, { date, fromMs, untilMs });
  }
  return date;
}

export const addDays = (date: LocalDate, days: number): LocalDate =>
  Temporal.PlainDate.from(date).add({ days }).toString() as LocalDate;

export const addMonths = (date: LocalDate, months: number): LocalDate =>
  Temporal.PlainDate.from(date).add({ months }).toString() as LocalDate;

/** Whole local days since 1970-01-01. */
export const dayNumber = (date: LocalDate): number => Date.parse(`${date}T00:00:00Z`) / dayMs;
