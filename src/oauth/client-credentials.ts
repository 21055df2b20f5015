// Tokens that a third party gets in its own name (RFC 6749 section 4.4): for its scopes, never for a household's readings.
// Like every token, one is issued only by a ledger entry that says so.
import { GuardRefused } from '../ledger/ledger.ts';
import { newTokenTimes } from './access-token.ts';
import { readArray } from './authorization-detail.ts';
import type { Caller } from './caller.ts';
import type { DpopProof } from './dpop.ts';
import { invalidAuthorizationDetails, unauthorizedClient } from './errors.ts';
import { issueAccessToken } from './issue-token.ts';
import type { Parameters } from './parameters.ts';
import { readScopes } from './scopes.ts';
import type { TokenParts } from './token.ts';

export interface ClientTokenAnswer {
  readonly access_token: string;
  readonly token_type: 'DPoP';
  readonly expires_in: number;
  readonly scope: string;
}

/** Throws OauthError, or StabledoorError `ledger_unavailable`. There is no refresh token: the assertion is always at hand. */
export async function issueClientToken(
  parts: TokenParts,
  { thirdParty: { clientId } }: Caller,
  proof: DpopProof,
  parameters: Parameters,
): Promise<ClientTokenAnswer> {
  refuseDetails(parameters.authorization_details);
  const scopes = readScopes(parameters.scope);
  const times = newTokenTimes(parts.clock);
  const entry = {
    kind: 'token.issued',
    actor: 'third-party',
    third_party: clientId,
    scopes,
    jkt: proof.jkt,
    token: times.jti,
    expires_s: times.expiresS,
  } as const;
  const guards = [{ name: 'third-party-active', args: { client_id: clientId } }];
  const content = { kind: 'client', clientId, scopes, jkt: proof.jkt } as const;
  const token = await issueAccessToken(parts, { content, times, entry, guards, householdId: null }).catch(
    (error: unknown) => {
      throw error instanceof GuardRefused ? unauthorizedClient('this third party is suspended') : error;
    },
  );
  return {
    access_token: token,
    token_type: 'DPoP',
    expires_in: times.expiresS - times.issuedS,
    scope: scopes.join(' '),
  };
}

/** RFC 9396 section 6: nothing that a household alone can give is had by asking in one's own name. */
function refuseDetails(text: string | undefined): void {
  if (text === undefined) return;
  const types = readArray(text).map((detail) => (detail as { type?: unknown } | null)?.type);
  throw invalidAuthorizationDetails(
    types.includes('meter_readings')
      ? 'meter_readings are for a householder to give: push a request instead'
      : 'no authorization detail is given by client_credentials: ask for a scope',
  );
}
