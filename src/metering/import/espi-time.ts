// The time zone of a Green Button file: its LocalTimeParameters are an offset and two bit fields, matched to a zone of
// the IANA register and checked against it. A file whose clock changes elsewhere than the zone's is not taken.
import { dayNumber, type LocalDate, localDate } from '../../lib/local-date.ts';
import {
  dayLength,
  dayOfWeek,
  dayStart,
  type EpochDay,
  formatLocalDate,
  monthStart,
  offsetAt,
} from '../local-time.ts';

/** One end of daylight saving: ESPI DstRuleType, 32 bits. */
interface ChangeRule {
  readonly month: number;
  /** 0: on the day of the month; 1: the weekday on or after it; 2 to 6: the first to the fifth weekday; 7: the last. */
  readonly operator: number;
  readonly dayOfMonth: number;
  /** Monday is 1. */
  readonly dayOfWeek: number;
  readonly secondOfDay: number;
}

export interface LocalTimeRule {
  readonly offsetSeconds: number;
  readonly savingSeconds: number;
  /** Null where the clock never changes. */
  readonly changes: { readonly start: ChangeRule; readonly end: ChangeRule } | null;
}

/** Zones that Green Button files are known from, and the big ones of Europe; any other is named by --zone. */
const candidates = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'America/Phoenix',
  'America/Anchorage',
  'America/Halifax',
  'America/St_Johns',
  'America/Regina',
  'America/Puerto_Rico',
  'Pacific/Honolulu',
  'Europe/London',
  'Europe/Paris',
  'Europe/Athens',
  'UTC',
];

/** Null where the fields are not what ESPI says they are. */
export function localTimeRule(fields: Readonly<Record<string, string>>): LocalTimeRule | null {
  const offset = wholeSeconds(fields.tzOffset);
  const saving = wholeSeconds(fields.dstOffset ?? '0');
  if (offset === null || saving === null) return null;
  const [start, end] = [changeRule(fields.dstStartRule ?? ''), changeRule(fields.dstEndRule ?? '')];
  if (start === 'malformed' || end === 'malformed') return null;
  const changes = start === null || end === null || saving === 0 ? null : { start, end };
  return { offsetSeconds: offset, savingSeconds: saving, changes };
}

function wholeSeconds(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d{1,6}$/.test(text)) return null;
  const seconds = Number(text);
  return Math.abs(seconds) <= 86_400 ? seconds : null;
}

/** Bits 0-11 seconds of the hour, 12-16 hour, 17-19 weekday, 20-24 day, 25-27 operator, 28-31 month. */
function changeRule(hex: string): ChangeRule | null | 'malformed' {
  if (hex === '' || /^(f{8}|0{8})$/i.test(hex)) return null; // no daylight saving
  if (!/^[0-9a-f]{8}$/i.test(hex)) return 'malformed';
  const bits = Number.parseInt(hex, 16);
  const field = (from: number, width: number): number => Math.floor(bits / 2 ** from) % 2 ** width;
  const rule = {
    month: field(28, 4),
    operator: field(25, 3),
    dayOfMonth: field(20, 5),
    dayOfWeek: field(17, 3),
    secondOfDay: field(12, 5) * 3600 + field(0, 12),
  };
  const needsWeekday = rule.operator > 0;
  const needsDay = rule.operator <= 1;
  if (rule.month < 1 || rule.month > 12 || field(0, 12) > 3599 || field(12, 5) > 23) return 'malformed';
  if ((needsWeekday && rule.dayOfWeek === 0) || (needsDay && rule.dayOfMonth === 0)) return 'malformed';
  return rule;
}

function changeDay(year: number, rule: ChangeRule): EpochDay {
  const first = dayNumber(localDate(`${year}-${String(rule.month).padStart(2, '0')}-01`));
  if (rule.operator === 0) return first + rule.dayOfMonth - 1;
  const onOrAfter = (day: EpochDay): EpochDay => day + ((rule.dayOfWeek - dayOfWeek(day) + 7) % 7);
  if (rule.operator === 1) return onOrAfter(first + rule.dayOfMonth - 1);
  if (rule.operator === 7) return onOrAfter(monthStart(first, 1) - 7);
  return onOrAfter(first) + 7 * (rule.operator - 2);
}

/** Seconds to add to UTC, as the file's own rule has it. Each change is told in the time before it. */
export function offsetByRule(rule: LocalTimeRule, seconds: number): number {
  const { offsetSeconds, savingSeconds, changes } = rule;
  if (changes === null) return offsetSeconds;
  const year = Number(formatLocalDate(Math.floor((seconds + offsetSeconds) / 86_400)).slice(0, 4));
  const at = (change: ChangeRule, offset: number): number =>
    changeDay(year, change) * 86_400 + change.secondOfDay - offset;
  const start = at(changes.start, offsetSeconds);
  const end = at(changes.end, offsetSeconds + savingSeconds);
  const saving = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end;
  return saving ? offsetSeconds + savingSeconds : offsetSeconds;
}

/** The first of `days` on which the zone's clock and the file's disagree, or null. */
export function firstDisagreement(
  rule: LocalTimeRule,
  zone: string,
  days: Iterable<EpochDay>,
): LocalDate | null {
  for (const day of days) {
    const start = dayStart(zone, day);
    const length = dayLength(zone, day);
    const differs = (at: number): boolean => offsetByRule(rule, at) !== offsetAt(zone, at);
    // Where either clock changes within the day, every half hour of it is compared.
    const changes = length !== 86_400 || offsetByRule(rule, start) !== offsetByRule(rule, start + length);
    const step = changes ? 1800 : length;
    for (let at = start; at < start + length; at += step) if (differs(at)) return formatLocalDate(day);
  }
  return null;
}

/** The zone whose clock is the file's over these whole years, or null where none of the known ones is. */
export function zoneOfRule(rule: LocalTimeRule, fromYear: number, toYear: number): string | null {
  const days: EpochDay[] = [];
  const end = dayNumber(localDate(`${toYear}-12-31`));
  for (let day = dayNumber(localDate(`${fromYear}-01-01`)); day <= end; day += 1) days.push(day);
  return (
    candidates.find(
      (zone) => couldBe(rule, zone, fromYear) && firstDisagreement(rule, zone, days) === null,
    ) ?? null
  );
}

/** A look at one winter and one summer moment, to leave out most zones cheaply. */
function couldBe(rule: LocalTimeRule, zone: string, year: number): boolean {
  return ['01-15', '07-15'].every((date) => {
    const noon = dayNumber(localDate(`${year}-${date}`)) * 86_400 + 43_200;
    return offsetByRule(rule, noon) === offsetAt(zone, noon);
  });
}
