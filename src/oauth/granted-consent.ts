// A consent as the token endpoint sees it: whether it stands, until when, and what it grants as an authorization detail.
import { findConsent } from '../consent/consents.ts';
import type { Store } from '../db/database.ts';
import { type Clock, nowSeconds } from '../lib/clock.ts';
import type { ConsentId, HouseholdId } from '../lib/ids.ts';
import type { GrantedDetail } from './authorization-detail.ts';

export interface GrantedConsent {
  readonly householdId: HouseholdId;
  readonly inForce: boolean;
  readonly expiresS: number;
  readonly detail: GrantedDetail;
}

/** Null for a consent that was never given. Whether it still stands is asked again by the guard `grant-in-force`. */
export async function findGrantedConsent(
  { db, clock }: { readonly db: Store; readonly clock: Clock },
  consentId: ConsentId,
): Promise<GrantedConsent | null> {
  const consent = await findConsent(db, consentId);
  if (!consent?.expiresAt) return null;
  const { purpose, fuels, registers, resolution, from, until, once } = consent.terms;
  const expiresS = Math.floor(consent.expiresAt.getTime() / 1000);
  return {
    householdId: consent.householdId,
    inForce: consent.state === 'given' && expiresS > nowSeconds(clock),
    expiresS,
    detail: {
      type: 'meter_readings',
      purpose,
      fuels: [...fuels],
      registers: [...registers],
      resolution,
      from,
      until,
      ...(once ? { once } : {}),
      consent_id: consentId,
      meter_points: consent.meterPoints.map((point) => point.meterRef),
    },
  };
}
