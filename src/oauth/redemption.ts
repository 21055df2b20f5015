// What a third party brings to the token endpoint, a code or a refresh token, and whether it is good for its grant.
// Here it is only looked at: the code is spent by the guard `code-unspent`, in the transaction that records the token.
import type { ClientId } from '../lib/ids.ts';
import { sameText, sha256, sha256Base64url } from './digest.ts';
import type { DpopProof } from './dpop.ts';
import { invalidGrant, invalidRequest } from './errors.ts';
import type { Grant, StoredCode, StoredGrant } from './grant-store.ts';
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

/** What a token request names, on its way while it is still verified who asks. Null where it names no such thing. */
export interface EarlyLookup {
  readonly code: Promise<StoredCode | null> | null;
  readonly refreshToken: Promise<StoredGrant | null> | null;
}

/** Whoever asks, and whether they may, is judged later; that nobody is told anything by it is the caller's part. */
export function lookUpEarly(lookups: Lookups, { grant_type, code, refresh_token }: Parameters): EarlyLookup {
  const find = <Found>(
    type: string,
    secret: string | undefined,
    ask: (hash: Buffer) => Promise<Found>,
  ): Promise<Found> | null => {
    if (grant_type !== type || secret === undefined || !secretPattern.test(secret)) return null;
    const found = ask(sha256(secret));
    // Where the caller is refused, nobody waits for it.
    found.catch(() => {});
    return found;
  };
  return {
    code: find('authorization_code', code, lookups.code),
    refreshToken: find('refresh_token', refresh_token, lookups.refreshToken),
  };
}

/** Throws OauthError `invalid_request` or `invalid_grant`. */
export async function readCode(
  early: EarlyLookup,
  clientId: ClientId,
  proof: DpopProof,
  parameters: Parameters,
): Promise<Redemption> {
  const { code } = parameters;
  if (code === undefined) throw invalidRequest('code is missing');
  const stored = await early.code;
  // A code from before its grant was replaced gave what is dead already: using it again must not harm what came after.
  if (!stored || stored.grant.clientId !== clientId || stored.isOutdated) throw codeRefused();
  const { grant, consent } = stored;
  const codeHash = sha256(code);
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
  early: EarlyLookup,
  clientId: ClientId,
  { refresh_token }: Parameters,
): Promise<Redemption> {
  if (refresh_token === undefined) throw invalidRequest('refresh_token is missing');
  const stored = await early.refreshToken;
  if (!stored || stored.grant.clientId !== clientId || stored.grant.isRevoked) throw refreshRefused();
  return { ...stored, codeHash: null, isReuse: false };
}
