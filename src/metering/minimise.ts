// Cuts the readings of a source down to what may leave: exact sums of whole local periods, of the window and of
// nothing else. What is absent is counted and said, never filled in and never zero; a period of which most is absent
// has no sum, because that sum would be of something finer (P4).
import { dayNumber } from '../lib/local-date.ts';
import { dayLength, dayStart, formatInstant, monthStart } from './local-time.ts';
import type { AnsweredResolution, DayArray, Reading, ReadingWindow, Resolution } from './reading.ts';

export interface Minimised {
  /** As asked, but PT1H where PT30M was asked and the source holds hours. */
  readonly resolution: AnsweredResolution;
  readonly readings: readonly Reading[];
}

const halfHour = 1800;
const hour = 3600;

/**
 * Reduces day arrays to the periods of `window`, which `checkWindow` has passed for `resolution`.
 * Days outside the window are left out. Throws RangeError on a day array that does not fit its local day.
 */
export function minimise(
  days: readonly DayArray[],
  window: ReadingWindow,
  resolution: Resolution,
  zone: string,
): Minimised {
  const from = dayNumber(window.from);
  const to = dayNumber(window.to);
  const held = new Map<number, DayArray>();
  for (const day of days) if (day.day >= window.from && day.day < window.to) held.set(fitDay(day, zone), day);
  const sourceSeconds = coarsest(held);
  if (resolution === 'PT30M') {
    const slotSeconds = sourceSeconds > halfHour ? hour : halfHour;
    const readings: Reading[] = [];
    for (let day = from; day < to; day += 1)
      addSlots(
        readings,
        held.get(day),
        dayStart(zone, day),
        dayLength(zone, day),
        slotSeconds,
        sourceSeconds,
      );
    return { resolution: slotSeconds === hour ? 'PT1H' : 'PT30M', readings };
  }
  const readings: Reading[] = [];
  for (let day = from; day < to; ) {
    const next = resolution === 'P1M' ? monthStart(day, 1) : day + 1;
    if (next > to) throw new RangeError('the window does not end on a whole period');
    const period = new Period();
    for (let each = day; each < next; each += 1)
      period.addDay(held.get(each), dayLength(zone, each), sourceSeconds);
    readings.push(period.reading(dayStart(zone, day)));
    day = next;
  }
  return { resolution, readings };
}

/** The sum of one period as it grows. */
class Period {
  #sum = 0;
  #present = 0;
  #expected = 0;

  add(value: number | null | undefined): void {
    this.#expected += 1;
    if (value === null || value === undefined) return;
    this.#present += 1;
    this.#sum += value;
  }

  addDay(day: DayArray | undefined, lengthSeconds: number, sourceSeconds: number): void {
    if (day === undefined) this.#expected += Math.ceil(lengthSeconds / sourceSeconds);
    else for (const value of day.values) this.add(value);
  }

  reading(startSeconds: number): Reading {
    if (!Number.isSafeInteger(this.#sum)) throw new RangeError('a sum of readings is not a safe integer');
    const start = formatInstant(startSeconds);
    if (this.#present === this.#expected) return { start, value: this.#sum, complete: true };
    // The one half-hour that is held of a day is a half-hour, whatever it is called.
    const value = this.#present * 2 > this.#expected ? this.#sum : null;
    return { start, value, complete: false, present: this.#present, expected: this.#expected };
  }
}

function addSlots(
  readings: Reading[],
  day: DayArray | undefined,
  start: number,
  lengthSeconds: number,
  slotSeconds: number,
  sourceSeconds: number,
): void {
  const intervalSeconds = day?.intervalSeconds ?? Math.min(sourceSeconds, slotSeconds);
  for (let offset = 0; offset < lengthSeconds; offset += slotSeconds) {
    const period = new Period();
    const end = Math.min(offset + slotSeconds, lengthSeconds);
    for (let at = offset; at < end; at += intervalSeconds) period.add(day?.values[at / intervalSeconds]);
    readings.push(period.reading(start + offset));
  }
}

/** The longest interval of the days held; it decides what a day that is not there would have had. */
function coarsest(held: ReadonlyMap<number, DayArray>): number {
  let seconds = 0;
  for (const day of held.values()) seconds = Math.max(seconds, day.intervalSeconds);
  return seconds === 0 ? halfHour : seconds;
}

/** A row that does not fit its day would shift every value after it, so it is refused rather than summed. */
function fitDay(day: DayArray, zone: string): number {
  const epochDay = dayNumber(day.day);
  const { intervalSeconds, values } = day;
  if (intervalSeconds !== hour && halfHour % intervalSeconds !== 0)
    throw new RangeError(
      `readings of ${intervalSeconds} seconds cannot be summed to half an hour or an hour`,
    );
  if (values.length * intervalSeconds !== dayLength(zone, epochDay))
    throw new RangeError(
      `${values.length} readings of ${intervalSeconds} s do not fit ${day.day} in ${zone}`,
    );
  for (const value of values)
    if (value !== null && !Number.isSafeInteger(value))
      throw new RangeError('a reading is not a safe integer');
  return epochDay;
}
