// Introspection (RFC 7662), plain or as a signed answer (RFC 9701): whether a token stands at this moment, and what it is for.
// A third party learns of its own tokens only; of every other one the answer is the same as of one that was made up.
import { SignJWT } from 'jose';
import { nowSeconds } from '../lib/clock.ts';
import type { ClientId } from '../lib/ids.ts';
import type { VerifiedToken } from './access-token.ts';
import { tokenStands } from './admission-store.ts';
import type { GrantedDetail } from './authorization-detail.ts';
import { identifyCaller, type OauthRequest } from './caller.ts';
import type { Grant } from './grant-store.ts';
import { findGrantedConsent } from './granted-consent.ts';
import { endpointsOf, resourceOf } from './metadata.ts';
import { type PresentedToken, readPresentedToken } from './presented-token.ts';
import type { TokenParts } from './token.ts';

export interface ActiveToken {
  readonly active: true;
  readonly iss: string;
  readonly sub: string;
  readonly client_id: ClientId;
  readonly exp: number;
  readonly aud?: string;
  readonly iat?: number;
  readonly jti?: string;
  /** Of an access token only. */
  readonly token_type?: 'DPoP';
  readonly cnf?: { readonly jkt: string };
  readonly scope?: string;
  readonly grant_id?: string;
  readonly authorization_details?: readonly GrantedDetail[];
}

export type Introspection = ActiveToken | { readonly active: false };

export interface IntrospectedFor {
  readonly clientId: ClientId;
  readonly introspection: Introspection;
}

const inactive = { active: false } as const;

/** Throws OauthError `invalid_client` or `invalid_request`; a token that is nobody's is no error. */
export async function introspect(parts: TokenParts, request: OauthRequest): Promise<IntrospectedFor> {
  const caller = await identifyCaller(parts, request, endpointsOf(parts.issuer).introspection);
  const presented = await readPresentedToken(parts, caller, request.parameters);
  const introspection = presented === null ? inactive : await look(parts, presented);
  return { clientId: caller.thirdParty.clientId, introspection };
}

const look = async (parts: TokenParts, presented: PresentedToken): Promise<Introspection> =>
  presented.kind === 'refresh'
    ? await lookAtGrant(parts, presented.grant)
    : await lookAt(parts, presented.token);

async function lookAt(parts: TokenParts, token: VerifiedToken): Promise<Introspection> {
  if (!(await tokenStands(parts.db, parts.ledger.logId, token))) return inactive;
  return {
    active: true,
    iss: parts.issuer,
    sub: token.kind === 'consent' ? token.consentId : token.clientId,
    client_id: token.clientId,
    aud: resourceOf(parts.issuer),
    iat: token.issuedS,
    exp: token.expiresS,
    jti: token.jti,
    token_type: 'DPoP',
    cnf: { jkt: token.jkt },
    ...(token.kind === 'consent'
      ? { ...scopeOf(token), grant_id: token.grantId, authorization_details: [token.detail] }
      : { scope: token.scopes.join(' ') }),
  };
}

const scopeOf = ({ scope }: { readonly scope: string | null }) => (scope === null ? {} : { scope });

async function lookAtGrant(parts: TokenParts, grant: Grant): Promise<Introspection> {
  const consent = grant.isRevoked ? null : await findGrantedConsent(parts, grant.consentId);
  if (!consent?.inForce) return inactive;
  return {
    active: true,
    iss: parts.issuer,
    sub: grant.consentId,
    client_id: grant.clientId,
    exp: consent.expiresS,
    ...scopeOf(grant),
    grant_id: grant.grantId,
    authorization_details: [consent.detail],
  };
}

/** RFC 9701 section 5: signed for the caller, the answer in a claim of its own so that it cannot pass for a token. */
export function signIntrospection(
  { issuer, clock, signingKeys }: TokenParts,
  { clientId, introspection }: IntrospectedFor,
): Promise<string> {
  const { kid, privateKey } = signingKeys.current();
  return new SignJWT({ token_introspection: introspection })
    .setProtectedHeader({ alg: 'ES256', typ: 'token-introspection+jwt', kid })
    .setIssuer(issuer)
    .setAudience(clientId)
    .setIssuedAt(nowSeconds(clock))
    .sign(privateKey);
}
