// A consent as the token endpoint sees it: whether it stands, until when, and what it grants as an authorization detail.
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ConsentId, HouseholdId } from '../lib/ids.ts';
import type { GrantedDetail } from './authorization-detail.ts';

export interface GrantedConsent {
  readonly householdId: HouseholdId;
  readonly inForce: boolean;
  readonly expiresS: number;
  readonly detail: GrantedDetail;
}

export async function findGrantedConsent(
  _parts: { readonly db: Database; readonly ledger: Ledger },
  _consentId: ConsentId,
): Promise<GrantedConsent | null> {
  return null;
}
