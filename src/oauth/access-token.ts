// Access tokens (RFC 9068): made for five minutes at most and never past the consent, bound to a key, checked without a
// database. That one verifies says who asks and by which consent or scopes, never that it still stands: the door asks that.
import { randomUUID } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Clock, nowSeconds } from '../lib/clock.ts';
import { type ClientId, type ConsentId, type GrantId, idPattern } from '../lib/ids.ts';
import { type GrantedDetail, grantedDetailClaim } from './authorization-detail.ts';
import { resourceOf } from './metadata.ts';
import { type Scope, scopes } from './scopes.ts';
import type { SigningKey } from './signing-key-files.ts';
import type { SigningKeys } from './signing-keys.ts';

export const accessTokenLifetimeSeconds = 300;

export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  readonly expiresS: number;
}

/** What a householder gave. */
export interface ConsentContent {
  readonly kind: 'consent';
  readonly clientId: ClientId;
  readonly consentId: ConsentId;
  readonly grantId: GrantId;
  readonly jkt: string;
  /** That the householder was asked by, if by one. It opens nothing: the detail does. */
  readonly scope: string | null;
  readonly detail: GrantedDetail;
}

/** What a third party may do in its own name. */
export interface ClientContent {
  readonly kind: 'client';
  readonly clientId: ClientId;
  readonly scopes: readonly Scope[];
  readonly jkt: string;
}

export type TokenContent = ConsentContent | ClientContent;

export interface TokenTimes {
  readonly jti: string;
  readonly issuedS: number;
  readonly expiresS: number;
}

/** When a token made now ends: never after the consent does, where it comes from one. */
export function newTokenTimes(clock: Clock, consentEndsS = Number.POSITIVE_INFINITY): TokenTimes {
  const issuedS = nowSeconds(clock);
  return {
    jti: randomUUID(),
    issuedS,
    expiresS: Math.min(issuedS + accessTokenLifetimeSeconds, consentEndsS),
  };
}

export function signAccessToken(
  parts: { issuer: string },
  { kid, privateKey }: Pick<SigningKey, 'kid' | 'privateKey'>,
  content: TokenContent,
  times: TokenTimes,
): Promise<string> {
  return (
    new SignJWT({ client_id: content.clientId, cnf: { jkt: content.jkt }, ...permissionOf(content) })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .setIssuer(parts.issuer)
      .setAudience(resourceOf(parts.issuer))
      // The consent, and no id of a person: a subject that is the same in two consents would join them.
      .setSubject(content.kind === 'consent' ? content.consentId : content.clientId)
      .setIssuedAt(times.issuedS)
      .setExpirationTime(times.expiresS)
      .setJti(times.jti)
      .sign(privateKey)
  );
}

const permissionOf = (content: TokenContent): JWTPayload =>
  content.kind === 'consent'
    ? {
        grant_id: content.grantId,
        ...(content.scope === null ? {} : { scope: content.scope }),
        authorization_details: [content.detail as unknown as JWTPayload],
      }
    : { scope: content.scopes.join(' ') };

const commonClaims = {
  client_id: z.string().regex(idPattern('client')),
  jti: z.string().min(1),
  aud: z.string(),
  exp: z.int(),
  iat: z.int(),
  cnf: z.object({ jkt: z.string().length(43) }),
};
const scopeClaim = z
  .string()
  .transform((text) => text.split(' '))
  .pipe(z.array(z.enum(scopes)));
const claimsSchema = z.union([
  z.object({
    ...commonClaims,
    sub: z.string().regex(idPattern('consent')),
    grant_id: z.string().regex(idPattern('grant')),
    scope: z.string().optional(),
    authorization_details: z.tuple([grantedDetailClaim]),
  }),
  z.object({ ...commonClaims, sub: z.string().regex(idPattern('client')), scope: scopeClaim }),
]);

export interface AccessParts {
  readonly issuer: string;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
}

export type VerifiedToken = TokenContent & {
  readonly jti: string;
  /** Of the key that signed it. Whether that still stands is asked where the token is used. */
  readonly kid: string;
  readonly issuedS: number;
  readonly expiresS: number;
};

/** Null for anything that is not an unexpired at+jwt of ours (RFC 9068 section 4). */
export async function verifyAccessToken(parts: AccessParts, token: string): Promise<VerifiedToken | null> {
  try {
    const { payload, protectedHeader } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = await parts.signingKeys.find(kid ?? '');
        if (!key) throw new errors.JWKSNoMatchingKey();
        return key.publicKey;
      },
      {
        typ: 'at+jwt',
        algorithms: ['ES256'],
        issuer: parts.issuer,
        audience: resourceOf(parts.issuer),
        currentDate: new Date(parts.clock.nowMs()),
      },
    );
    const read = claimsSchema.safeParse(payload);
    return read.success ? verifiedToken(read.data, protectedHeader.kid ?? '') : null;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

function verifiedToken(claims: z.infer<typeof claimsSchema>, kid: string): VerifiedToken {
  const { client_id, jti, cnf, iat, exp } = claims;
  const common = { clientId: client_id as ClientId, jti, kid, jkt: cnf.jkt, issuedS: iat, expiresS: exp };
  if (!('grant_id' in claims)) return { kind: 'client', ...common, scopes: claims.scope };
  return {
    kind: 'consent',
    ...common,
    consentId: claims.sub as ConsentId,
    grantId: claims.grant_id as GrantId,
    scope: claims.scope ?? null,
    detail: claims.authorization_details[0] as unknown as GrantedDetail,
  };
}
