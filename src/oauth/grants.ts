// A grant is what a code, its refresh token and their access tokens have in common: one consent, one third party.
// Revoking it kills all of them at the next read, because the door's guard asks for it; the consent is left as it is.
import type { Database } from '../db/database.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type HouseholdId, newRequestId } from '../lib/ids.ts';
import { type Grant, markGrantRevoked } from './grant-store.ts';

export interface GrantParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

type Actor = 'broker' | 'third-party';

/** State and entry commit together; a grant that was revoked before stays as it was, without a second entry. */
export async function revokeGrant(
  { db, ledger }: GrantParts,
  grant: Grant,
  householdId: HouseholdId,
  revocation: { readonly reason: string; readonly actor: Actor },
): Promise<void> {
  const { reason, actor } = revocation;
  await db.transaction().execute(async (tx) => {
    if (!(await markGrantRevoked(tx, grant.grantId, reason))) return;
    const body = revokedEntry(grant, reason, actor);
    await ledger.appendWithin(tx, [{ req: newRequestId(), householdId, body }]);
  });
}

/** Of all that a grant gave. */
export const revokedEntry = (grant: Grant, reason: string, actor: Actor): EntryDraft => ({
  kind: 'token.revoked',
  actor,
  third_party: grant.clientId,
  consent_ref: grant.consentId,
  reason,
});
