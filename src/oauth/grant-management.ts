// Grant Management for OAuth 2.0 (FAPI WG draft): a third party looks at a grant, gives it back, or asks to replace it.
// A grant is known as long as it is not revoked and its consent is in force; after that it is as unknown as one made up.
import { returnConsent } from '../consent/consents.ts';
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { type ClientId, type GrantId, idPattern, newRequestId } from '../lib/ids.ts';
import type { GrantedDetail } from './authorization-detail.ts';
import { invalidGrantId, invalidRequest } from './errors.ts';
import { findGrant, type Grant, markGrantRevoked } from './grant-store.ts';
import { findGrantedConsent, type GrantedConsent } from './granted-consent.ts';
import { revokedEntry } from './grants.ts';
import type { Parameters } from './parameters.ts';

/** What may be done with a grant, as the metadata says it. There is no merge: a consent has one purpose. */
export const grantManagementActions = ['create', 'query', 'replace', 'revoke'] as const;

export interface GrantManagementParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export interface ManagedGrant {
  readonly grant: Grant;
  readonly consent: GrantedConsent;
}

/** Null for a grant that is unknown, over, or another third party's. */
export async function findManagedGrant(
  parts: Pick<GrantManagementParts, 'db' | 'clock'>,
  clientId: ClientId,
  grantId: string,
): Promise<ManagedGrant | null> {
  if (!idPattern('grant').test(grantId)) return null;
  const grant = await findGrant(parts.db, grantId as GrantId);
  if (grant === null || grant.clientId !== clientId || grant.isRevoked) return null;
  const consent = await findGrantedConsent(parts, grant.consentId);
  return consent?.inForce ? { grant, consent } : null;
}

/** What PAR is asked to replace. Null: a new grant. Throws OauthError `invalid_request` or `invalid_grant_id`. */
export async function readReplacedGrant(
  parts: Pick<GrantManagementParts, 'db' | 'clock'>,
  clientId: ClientId,
  { grant_id, grant_management_action: action }: Parameters,
): Promise<GrantId | null> {
  if (action !== undefined && action !== 'create' && action !== 'replace')
    throw invalidRequest('grant_management_action is create or replace');
  if (action !== 'replace') {
    if (grant_id !== undefined) throw invalidRequest('grant_id is sent to replace a grant only');
    return null;
  }
  if (grant_id === undefined) throw invalidRequest('grant_id is missing');
  const managed = await findManagedGrant(parts, clientId, grant_id);
  if (managed === null) throw invalidGrantId();
  return managed.grant.grantId;
}

export interface GrantDescription {
  readonly grant_id: GrantId;
  readonly created_at: string;
  readonly last_updated_at: string;
  readonly expires_at: string;
  readonly scopes?: readonly { readonly scope: string }[];
  readonly authorization_details: readonly GrantedDetail[];
}

export const describeGrant = ({ grant, consent }: ManagedGrant): GrantDescription => ({
  grant_id: grant.grantId,
  created_at: grant.createdAt.toISOString(),
  last_updated_at: (grant.updatedAt ?? grant.createdAt).toISOString(),
  expires_at: new Date(consent.expiresS * 1000).toISOString(),
  ...(grant.scope === null ? {} : { scopes: [{ scope: grant.scope }] }),
  authorization_details: [consent.detail],
});

/**
 * The third party gives it back: its tokens are dead and its consent is returned, so that the householder sees it as over.
 * Errors: `illegal_transition` where the consent ended at the same moment; `ledger_unavailable`.
 */
export async function giveGrantBack(
  parts: GrantManagementParts,
  { grant, consent }: ManagedGrant,
): Promise<void> {
  await returnConsent(parts, {
    consentId: grant.consentId,
    clientId: grant.clientId,
    also: async (tx) => {
      const reason = 'grant_given_back';
      if (!(await markGrantRevoked(tx, grant.grantId, reason))) return [];
      const body = revokedEntry(grant, reason, 'third-party');
      return [{ req: newRequestId(), householdId: consent.householdId, body }];
    },
  });
}
