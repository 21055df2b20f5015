// A consent as the token endpoint sees it: whether it stands, until when, and what it grants as an authorization detail.
import type { Store } from '../db/database.ts';
import { type Clock, nowSeconds } from '../lib/clock.ts';
import type { ConsentId, HouseholdId } from '../lib/ids.ts';
import type { GrantedDetail } from './authorization-detail.ts';
import { type ReadConsent, readConsent } from './granted-consent-store.ts';

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
  return grantedConsentOf(await readConsent(db, consentId), clock);
}

/** The same of one that was read. */
export function grantedConsentOf(read: ReadConsent | null, clock: Clock): GrantedConsent | null {
  if (read === null || read.expiresS === null) return null;
  const { householdId, state, expiresS, detail } = read;
  return { householdId, expiresS, detail, inForce: state === 'given' && expiresS > nowSeconds(clock) };
}
