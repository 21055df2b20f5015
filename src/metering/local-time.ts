// Local days and months in a zone, as whole seconds since 1970. A local day has 23, 24 or 25 hours, and every sum
// of readings depends on where it starts: lib/local-date.ts says where, and each answer is computed once and kept.
import { Temporal } from 'temporal-polyfill';
import { type LocalDate, startOfLocalDayMs } from '../lib/local-date.ts';

/** Whole days since 1970-01-01 of a local date: what the hot path counts with. */
export type EpochDay = number;

const secondsPerDay = 86_400;
const firstDay = 0; // 1970-01-01
const lastDay = 84_005; // 2199-12-31
const zonesKept = 64;

interface ZoneDays {
  readonly starts: Map<EpochDay, number>;
}
const zoneCache = new Map<string, ZoneDays>();

/** The zone as its register spells it, or null when there is no such zone. Fixed offsets are not zones. */
export function knownZone(zone: string): string | null {
  if (zone.length > 64 || !/^[A-Za-z]/.test(zone)) return null;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone).timeZoneId;
  } catch {
    return null;
  }
}

/** The inverse of `dayNumber`. */
export function formatLocalDate(day: EpochDay): LocalDate {
  const { year, month, dayOfMonth } = civil(day);
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(dayOfMonth)}` as LocalDate;
}

/** Seconds since 1970 to `2026-01-01T00:00:00Z`. */
export function formatInstant(seconds: number): string {
  const day = Math.floor(seconds / secondsPerDay);
  if (day !== lastFormatted.day) lastFormatted = { day, text: formatLocalDate(day) };
  const rest = seconds - day * secondsPerDay;
  const [hour, minute, second] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
  return `${lastFormatted.text}T${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}Z`;
}
// Readings come in order, so most have the date of the one before.
let lastFormatted = { day: Number.NaN, text: '' };

/** Seconds since 1970 at which the local day starts. Throws RangeError on an unknown zone. */
export function dayStart(zone: string, day: EpochDay): number {
  const { starts } = zoneDays(zone);
  let start = starts.get(day);
  if (start === undefined) {
    if (!(day >= firstDay - 2 && day <= lastDay + 2)) throw new RangeError(`day ${day} is out of range`);
    start = startOfLocalDayMs(formatLocalDate(day), zone) / 1000;
    starts.set(day, start);
  }
  return start;
}

/** 82,800, 86,400 or 90,000 seconds in most zones. */
export const dayLength = (zone: string, day: EpochDay): number =>
  dayStart(zone, day + 1) - dayStart(zone, day);

/** The local day that an instant falls in. */
export function localDayOf(zone: string, seconds: number): EpochDay {
  let day = Math.floor(seconds / secondsPerDay);
  while (dayStart(zone, day) > seconds) day -= 1;
  while (dayStart(zone, day + 1) <= seconds) day += 1;
  return day;
}

/** Seconds to add to UTC to get local time. */
export function offsetAt(zone: string, seconds: number): number {
  const moment = Temporal.Instant.fromEpochMilliseconds(seconds * 1000).toZonedDateTimeISO(zone);
  return moment.offsetNanoseconds / 1e9;
}

/** The first day of the month that `day` is in, moved by whole months. */
export function monthStart(day: EpochDay, moveMonths = 0): EpochDay {
  const { year, month } = civil(day);
  const months = year * 12 + (month - 1) + moveMonths;
  return daysFromCivil(Math.floor(months / 12), (months % 12) + 1, 1);
}

export const dayOfMonth = (day: EpochDay): number => civil(day).dayOfMonth;

/** Monday is 1, Sunday is 7. */
export const dayOfWeek = (day: EpochDay): number => ((((day + 3) % 7) + 7) % 7) + 1;

function zoneDays(zone: string): ZoneDays {
  let days = zoneCache.get(zone);
  if (days === undefined) {
    if (knownZone(zone) === null) throw new RangeError(`there is no time zone ${JSON.stringify(zone)}`);
    if (zoneCache.size >= zonesKept) zoneCache.clear(); // bounded: zones come from files and settings
    days = { starts: new Map() };
    zoneCache.set(zone, days);
  }
  return days;
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value));

// Howard Hinnant's `civil_from_days` and `days_from_civil` (proleptic Gregorian calendar, integers only).
function civil(epochDay: EpochDay): { year: number; month: number; dayOfMonth: number } {
  const shifted = epochDay + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

function daysFromCivil(year: number, month: number, day: number): EpochDay {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
