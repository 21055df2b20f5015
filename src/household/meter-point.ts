// A meter point as the household room knows it: where it stands, what it measures, and whose it is from when. Pure.
// A householder's own days at it are its tenancy: nothing before or after those days is theirs to share.
import type { HouseholdId, MeterPointId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';

export const fuels = ['electricity', 'gas'] as const;
export type Fuel = (typeof fuels)[number];

export interface MeterPoint {
  readonly meterPointId: MeterPointId;
  readonly mpan: string;
  readonly fuel: Fuel;
  readonly address: string;
  /** IANA zone of its local days. */
  readonly zone: string;
}

/** A meter point during the time of one household; `tenancyUntil` is the first day not theirs, null while it lasts. */
export interface HouseholdMeterPoint extends MeterPoint {
  readonly householdId: HouseholdId;
  readonly tenancyFrom: LocalDate;
  readonly tenancyUntil: LocalDate | null;
  /** That day has come. What was theirs is nobody's to share any more. */
  readonly tenancyOver: boolean;
  /** Until when the link to it is in force; null where it is not (any more). */
  readonly linkLapsesAt: Date | null;
}
