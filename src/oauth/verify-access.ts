// The check at the data API: scheme, access token, DPoP proof, and that they belong together. It touches no database,
// so single use of the proof and revocation are left to guards that ride the ledger's transaction.
import { nowSeconds } from '../lib/clock.ts';
import { type AccessParts, type VerifiedToken, verifyAccessToken } from './access-token.ts';
import { boundedCache } from './bounded-cache.ts';
import { sha256Base64url } from './digest.ts';
import { DpopFault, type DpopProof, NonceWanted, proofWindowSeconds, verifyProof } from './dpop.ts';
import type { DpopNonces } from './dpop-nonce.ts';
import { accessRefused, dpopChallenge } from './errors.ts';
import { endpointsOf } from './metadata.ts';

const longestToken = 8192;
const cachedTokens = 20_000;

/** What the door needs to know of a caller; nothing here has touched the database yet. */
export type AccessClaims = VerifiedToken & ProofClaims;
/** Of a token that comes from a consent. */
export type ConsentAccess = Extract<VerifiedToken, { kind: 'consent' }> & ProofClaims;

export interface ProofClaims {
  readonly proofJti: string;
  /** For the guard `read-proof-unused`, as is. */
  readonly proofJtiHash: string;
  readonly proofIatS: number;
  /** Until when the proof's jti must be remembered, for the same guard. */
  readonly proofExpiresS: number;
  readonly proof: string;
}

export interface AccessRequest {
  readonly method: string;
  /** Path as it was asked for, from the root of the issuer's host, without the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** `req.headersDistinct.dpop`: every DPoP header, unjoined. */
  readonly dpop: readonly string[] | undefined;
}

export type VerifyAccess = (request: AccessRequest) => Promise<AccessClaims>;

/** Makes the check of the data API. It rejects with StabledoorError 401 that carries its WWW-Authenticate. */
export function accessVerifier(parts: AccessParts & { dpopNonces: DpopNonces | null }): VerifyAccess {
  const { origin } = new URL(parts.issuer);
  const { resourceMetadata } = endpointsOf(parts.issuer);
  const verified = boundedCache<VerifiedToken>(cachedTokens);
  const refuse = (code: 'invalid_token' | 'invalid_dpop_proof', detail: string): never => {
    throw accessRefused(code, detail, dpopChallenge(resourceMetadata, code));
  };

  const nonceWanted = ({ message, nonce }: NonceWanted) =>
    accessRefused('use_dpop_nonce', message, dpopChallenge(resourceMetadata, 'use_dpop_nonce'), {
      'DPoP-Nonce': nonce,
    });

  async function tokenOf(token: string, ath: string): Promise<VerifiedToken> {
    const known = verified.get(ath);
    if (known) {
      if (known.expiresS > nowSeconds(parts.clock)) return known;
      verified.delete(ath);
    }
    const fresh = await verifyAccessToken(parts, token);
    if (!fresh) return refuse('invalid_token', 'The access token is expired, malformed, or not ours.');
    verified.set(ath, fresh);
    return fresh;
  }

  return async ({ method, path, authorization, dpop }) => {
    const token =
      schemeToken(authorization, resourceMetadata) ?? refuse('invalid_token', 'Use the scheme DPoP.');
    if (token.length > longestToken) return refuse('invalid_token', 'The access token is too long.');
    const ath = sha256Base64url(token);
    const claims = await tokenOf(token, ath);
    const proof = await verifyProof(parts.clock, {
      proofs: dpop ?? [],
      method,
      url: origin + path,
      ath,
      nonces: parts.dpopNonces,
    }).catch((error: unknown): DpopProof => {
      if (error instanceof NonceWanted) throw nonceWanted(error);
      if (error instanceof DpopFault) return refuse('invalid_dpop_proof', error.message);
      throw error;
    });
    if (proof.jkt !== claims.jkt) return refuse('invalid_token', 'The access token is bound to another key.');
    return withProof(claims, proof);
  };
}

const withProof = (claims: VerifiedToken, proof: DpopProof): AccessClaims => ({
  ...claims,
  proofJti: proof.jti,
  proofJtiHash: proof.jtiHash,
  proofIatS: proof.iatS,
  proofExpiresS: proof.iatS + 2 * proofWindowSeconds,
  proof: proof.text,
});

/** Null for another scheme than DPoP, in any case of letters; throws when there is no token at all. */
function schemeToken(authorization: string | undefined, resourceMetadata: string): string | null {
  if (authorization === undefined)
    throw accessRefused('invalid_token', 'Send an access token.', dpopChallenge(resourceMetadata));
  return /^dpop +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1] ?? null;
}
