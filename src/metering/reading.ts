// What a reading is: a whole number of the meter's unit over a stretch of a local day. Types only.
// A value that is not there is null and stays null: nothing in this room may turn it into zero or a guess.
import type { LocalDate } from '../lib/local-date.ts';

/** What the meter point takes, gives or makes; registers are never netted against each other. */
export const registers = ['import', 'export', 'generation'] as const;
export type Register = (typeof registers)[number];

export const fuels = ['electricity', 'gas'] as const;
export type Fuel = (typeof fuels)[number];

/** Watt-hours, or litres (dm³) of gas. */
export const units = ['Wh', 'dm3'] as const;
export type Unit = (typeof units)[number];

/** What can be asked for, coarsest first: a month, a day, half an hour. */
export const resolutions = ['P1M', 'P1D', 'PT30M'] as const;
export type Resolution = (typeof resolutions)[number];

/** What can be answered: a source that holds hours answers PT1H where PT30M is asked. */
export type AnsweredResolution = Resolution | 'PT1H';

/** Whole local days; `to` is the first day that is not in it. */
export interface ReadingWindow {
  readonly from: LocalDate;
  readonly to: LocalDate;
}

/** One register of one meter point over one local day, as a source holds it. */
export interface DayArray {
  readonly day: LocalDate;
  /** Seconds that each element covers: 300, 600, 900, 1800 or 3600. */
  readonly intervalSeconds: number;
  /** One element an interval from the start of the local day on; null where there is no reading. */
  readonly values: readonly (number | null)[];
  /** 1 for the first that the store took, one more for each correction. */
  readonly revision: number;
}

/** One period of an answer. */
export interface Reading {
  /** UTC, `2026-01-01T00:00:00Z`. */
  readonly start: string;
  /** The sum of what is present; null when that is half of the period or less. */
  readonly value: number | null;
  readonly complete: boolean;
  /** Source intervals present and expected; only on a period that is not complete. */
  readonly present?: number;
  readonly expected?: number;
}
