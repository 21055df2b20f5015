// What a supplier's licence lets it read without a consent, and what a household can refuse of it. Verification reads the
// same table as the policy's tests do: a log cannot say that more was allowed than stands here.
import type { Resolution } from './entry-field.ts';

interface Licensed {
  /** The finest that is read. */
  readonly most: Resolution;
  /** The finest where the household has opted out; null: nothing at all. Absent: nobody can opt out. */
  readonly optedOut?: Resolution | null;
}

/** Basis: the table of classes and purposes. Check: supply licence condition 47. */
export const licensed: Readonly<Record<string, Licensed>> = {
  billing: { most: 'P1M' },
  service: { most: 'P1D', optedOut: null },
  settlement: { most: 'PT30M', optedOut: 'P1D' },
  forecasting: { most: 'PT30M', optedOut: 'P1D' },
};

export const optOutPurposes = ['forecasting', 'service', 'settlement'] as const;
export type OptOutPurpose = (typeof optOutPurposes)[number];
