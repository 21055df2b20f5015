// A made-up home's electricity, half hour by half hour: a weekday has another shape than a Sunday, winter than
// summer, and nobody home another than somebody. The same seed always gives the same home; it is nobody's.
import { dayNumber, type LocalDate } from '../../lib/local-date.ts';
import { dayLength, dayOfWeek, dayStart, type EpochDay, formatLocalDate, offsetAt } from '../local-time.ts';
import type { DayArray } from '../reading.ts';

export interface SyntheticHome {
  /** Watts that are always on. */
  readonly baseWatts: number;
  readonly people: number;
  /** Out on weekdays from nine to five. */
  readonly outAtWork: boolean;
  /** Heats with electricity: winter nights and mornings show it. */
  readonly electricHeating: boolean;
  /** First days of the weeks in which everybody is away. */
  readonly awayFrom: readonly LocalDate[];
  /** Half-hours that never arrived: of this day, from the one up to the other. */
  readonly gap?: { readonly day: LocalDate; readonly fromSlot: number; readonly toSlot: number };
}

/** What the hour of a day depends on, besides the home. */
interface Moment {
  readonly hour: number;
  readonly weekend: boolean;
  readonly away: boolean;
  /** 0 at the height of summer, 1 in the depth of winter, more in a cold spell. */
  readonly winter: number;
}

const halfHour = 1800;
const awayDays = 7;
const secondsPerDay = 86_400;

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Day arrays of half-hours from `from` up to, not with, `to`. */
export function homeDays(
  home: SyntheticHome,
  seed: number,
  zone: string,
  from: LocalDate,
  to: LocalDate,
): DayArray[] {
  const random = seededRandom(seed);
  const away = new Set(
    home.awayFrom.flatMap((first) => Array.from({ length: awayDays }, (_, i) => dayNumber(first) + i)),
  );
  const days: DayArray[] = [];
  let chill = 0; // a cold or a warm spell lasts for days
  for (let day = dayNumber(from); day < dayNumber(to); day += 1) {
    chill = 0.8 * chill + (random() - 0.5);
    const winter = Math.max(0, 0.5 + 0.5 * Math.cos((2 * Math.PI * (day - 15)) / 365.2425) + 0.1 * chill);
    const about = { winter, weekend: dayOfWeek(day) >= 6, away: away.has(day) };
    const values = hoursOf(zone, day).map((hour) =>
      Math.round(
        (watts(home, { ...about, hour }) * (0.8 + 0.4 * random()) +
          kettle(home, { ...about, hour }, random)) /
          2,
      ),
    );
    days.push({ day: formatLocalDate(day), intervalSeconds: halfHour, values, revision: 1 });
  }
  return home.gap === undefined ? days : days.map((day) => withGap(day, home.gap));
}

function withGap(day: DayArray, gap: SyntheticHome['gap']): DayArray {
  if (gap === undefined || day.day !== gap.day) return day;
  return {
    ...day,
    values: day.values.map((value, slot) => (slot >= gap.fromSlot && slot < gap.toSlot ? null : value)),
  };
}

/** What the clock on the wall shows at each half hour of a local day: 46, 48 or 50 of them. */
function hoursOf(zone: string, day: EpochDay): number[] {
  const start = dayStart(zone, day);
  const length = dayLength(zone, day);
  // The zone's rules are asked once for most days; only a clock change needs them every half hour.
  const offset = length === secondsPerDay ? offsetAt(zone, start) : null;
  return Array.from({ length: length / halfHour }, (_, slot) => {
    const at = start + slot * halfHour;
    return ((at + (offset ?? offsetAt(zone, at))) % secondsPerDay) / 3600;
  });
}

/** A bell around an hour of the day, 0 to 1. */
const around = (hour: number, peak: number, width: number): number =>
  Math.exp(-(((hour - peak) / width) ** 2));

function watts(home: SyntheticHome, { hour, weekend, away, winter }: Moment): number {
  const fridge = home.baseWatts;
  // A heated home is kept from freezing while everybody is away.
  const heating = home.electricHeating
    ? winter * (around(hour, 6, 2) + around(hour, 19, 3) + 0.3) * (away ? 150 : 1400)
    : 0;
  if (away) return fridge + heating;
  const inDaytime = home.outAtWork && !weekend ? 0.15 : 0.7;
  const morning = around(hour, weekend ? 9.5 : 7.2, 1.2) * 160;
  const daytime = around(hour, 13, 3.5) * 130 * inDaytime;
  const evening = around(hour, 19, 2.4) * (220 + 180 * winter);
  return fridge + heating + home.people * (morning + daytime + evening);
}

/** Cooking, washing, a kettle: seldom and short, when somebody is awake. */
function kettle(home: SyntheticHome, { hour, away }: Moment, random: () => number): number {
  const chance = random();
  const much = random();
  if (away || hour < 6.5 || hour > 22.5) return 0;
  return chance < 0.06 * home.people ? 300 + 1500 * much : 0;
}
