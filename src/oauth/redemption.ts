// What a third party brings to the token endpoint, a code or a refresh token, and whether it is good for its grant.
// Here it is only looked at: the code is spent by the guard `code-unspent`, in the transaction that records the token.
import type { ClientId } from '../lib/ids.ts';
import { sameText, sha256, sha256Base64url } from './digest.ts';
import type { DpopProof } from './dpop.ts';
import { invalidGrant, invalidRequest } from './errors.ts';
import type { Grant, StoredCode } from './grant-store.ts';
import type { ReadConsent } from './granted-consent-store.ts';
import type { Lookups } from './lookups.ts';
import type { Parameters } from './parameters.ts';

export interface Redemption {
  readonly grant: Grant;
  readonly consent: ReadConsent;
  /** Null for a refresh token. */
  readonly codeHash: Buffer | null;
  /** The code was redeemed before: whoever has it now, the grant is not safe. */
  readonly isReuse: boolean;
}

const secretPattern = /^[A-Za-z0-9_-]{43}$/;
const codeRefused = () =>
  invalidGrant('the code is unknown, used, out of time, or was not issued for this request');
const refreshRefused = () => invalidGrant('the refresh token is unknown, or its consent is over');

/** Throws OauthError `invalid_request` or `invalid_grant`. */
export async function readCode(
  lookups: Lookups,
  clientId: ClientId,
  proof: DpopProof,
  parameters: Parameters,
): Promise<Redemption> {
  const { code } = parameters;
  if (code === undefined) throw invalidRequest('code is missing');
  if (!secretPattern.test(code)) throw codeRefused();
  const codeHash = sha256(code);
  const stored = await lookups.code(codeHash);
  // A code from before its grant was replaced gave what is dead already: using it again must not harm what came after.
  if (!stored || stored.grant.clientId !== clientId || stored.isOutdated) throw codeRefused();
  const { grant, consent } = stored;
  if (stored.isSpent) return { grant, consent, codeHash, isReuse: true };
  if (stored.isExpired || grant.isRevoked) throw codeRefused();
  refuseOtherRequest(stored, proof, parameters);
  return { grant, consent, codeHash, isReuse: false };
}

function refuseOtherRequest(stored: StoredCode, proof: DpopProof, parameters: Parameters): void {
  const { redirect_uri, code_verifier } = parameters;
  if (redirect_uri !== stored.redirectUri) throw invalidGrant('redirect_uri is not the one that was pushed');
  // RFC 7636 section 4.1: 43 to 128 unreserved characters.
  if (code_verifier === undefined || !/^[A-Za-z0-9._~-]{43,128}$/.test(code_verifier))
    throw invalidGrant('code_verifier is missing or malformed');
  if (!sameText(sha256Base64url(code_verifier), stored.codeChallenge))
    throw invalidGrant('code_verifier does not fit the code_challenge');
  if (stored.dpopJkt !== null && stored.dpopJkt !== proof.jkt)
    throw invalidGrant('the code is bound to another DPoP key');
}

/** Throws OauthError `invalid_request` or `invalid_grant`. A refresh token is bound to its client, not to a key. */
export async function readRefreshToken(
  lookups: Lookups,
  clientId: ClientId,
  { refresh_token }: Parameters,
): Promise<Redemption> {
  if (refresh_token === undefined) throw invalidRequest('refresh_token is missing');
  if (!secretPattern.test(refresh_token)) throw refreshRefused();
  const stored = await lookups.refreshToken(sha256(refresh_token));
  if (!stored || stored.grant.clientId !== clientId || stored.grant.isRevoked) throw refreshRefused();
  return { ...stored, codeHash: null, isReuse: false };
}
