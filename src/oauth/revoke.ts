// Revocation (RFC 7009). A refresh token takes all that its grant gave with it; an access token dies alone, at the next read,
// though its signature goes on verifying: the door's guard asks for it. The consent is left as it is.
import { newRequestId } from '../lib/ids.ts';
import type { VerifiedToken } from './access-token.ts';
import { identifyCaller, type OauthRequest } from './caller.ts';
import { findGrantedConsent } from './granted-consent.ts';
import { revokeGrant } from './grants.ts';
import { endpointsOf } from './metadata.ts';
import { readPresentedToken } from './presented-token.ts';
import { insertRevokedToken } from './revoked-token-store.ts';
import type { TokenParts } from './token.ts';

const reason = 'asked_by_third_party';

/** Whatever is not the caller's, or over already, is left alone without an error (RFC 7009 section 2.2). */
export async function revokePresented(parts: TokenParts, request: OauthRequest): Promise<void> {
  const caller = await identifyCaller(parts, request, endpointsOf(parts.issuer).revocation);
  const presented = await readPresentedToken(parts, caller, request.parameters);
  if (presented === null) return;
  if (presented.kind === 'access') return await revokeAccessToken(parts, presented.token);
  const consent = await findGrantedConsent(parts, presented.grant.consentId);
  if (consent)
    await revokeGrant(parts, presented.grant, consent.householdId, { reason, actor: 'third-party' });
}

async function revokeAccessToken(parts: TokenParts, token: VerifiedToken): Promise<void> {
  const consent = token.kind === 'consent' ? await findGrantedConsent(parts, token.consentId) : null;
  const entry = {
    kind: 'token.revoked',
    actor: 'third-party',
    third_party: token.clientId,
    ...(token.kind === 'consent' ? { consent_ref: token.consentId } : {}),
    token: token.jti,
    reason,
  } as const;
  await parts.db.transaction().execute(async (tx) => {
    if (!(await insertRevokedToken(tx, token.jti, token.expiresS))) return;
    await parts.ledger.appendWithin(tx, [
      { req: newRequestId(), householdId: consent?.householdId ?? null, body: entry },
    ]);
  });
}
