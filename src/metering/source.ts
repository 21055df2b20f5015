// Where readings come from: what every source answers, whatever it stands on. Only release.ts may call `read`
// (promise P3), and a source that can count numbers each read before it answers.
import type { LocalDate } from '../lib/local-date.ts';
import type { DayArray, Fuel, ReadingWindow, Register, Unit } from './reading.ts';

/** Where neither a file nor the operator has said otherwise. */
export const defaultZone = 'Europe/London';

export interface SourceRequest {
  readonly mpan: string;
  readonly register: Register;
  /** At most 366 days. */
  readonly window: ReadingWindow;
}

export interface SourceMeterPoint {
  readonly fuel: Fuel;
  readonly unit: Unit;
  readonly zone: string;
  /** Made by a program, not by a meter; must be said wherever its readings show. */
  readonly synthetic: boolean;
  readonly label: string | null;
}

export interface SourceAnswer {
  /** `<store start>/<n>` as the store itself numbered this read; null where a store cannot count. */
  readonly storeRead: string | null;
  /** Null when the source does not know the meter point. */
  readonly meterPoint: SourceMeterPoint | null;
  /** In order; a day without any reading is not there. */
  readonly days: readonly DayArray[];
}

/** What a source holds of one register, without a value of it. */
export interface Holding {
  readonly register: Register;
  readonly firstDay: LocalDate;
  readonly lastDay: LocalDate;
  /** The longest interval held. */
  readonly intervalSeconds: number;
}

export interface SourceDescription extends SourceMeterPoint {
  readonly holdings: readonly Holding[];
}

export interface ReadingSource {
  /** As answers name it, such as `embedded`. */
  readonly kind: string;
  /** Rejects with `meter_store_unavailable` when the source does not answer. */
  read(request: SourceRequest): Promise<SourceAnswer>;
  /** Null when the source does not know the meter point. Reads no reading. */
  describe(mpan: string): Promise<SourceDescription | null>;
}
