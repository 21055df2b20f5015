// Access tokens (RFC 9068): made for five minutes at most and never past the consent, bound to a key, checked without a
// database. That one verifies says who asks and for which consent, never that it is in force: the door asks that.
import { randomUUID } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Clock, nowSeconds } from '../lib/clock.ts';
import { type ClientId, type ConsentId, type GrantId, idPattern } from '../lib/ids.ts';
import type { GrantedDetail } from './authorization-detail.ts';
import { resourceOf } from './metadata.ts';
import type { SigningKeys } from './signing-keys.ts';

export const accessTokenLifetimeSeconds = 300;

export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  readonly expiresS: number;
}

export interface TokenContent {
  readonly clientId: ClientId;
  readonly consentId: ConsentId;
  readonly grantId: GrantId;
  readonly jkt: string;
  readonly detail: GrantedDetail;
}

export interface TokenTimes {
  readonly jti: string;
  readonly issuedS: number;
  readonly expiresS: number;
}

/** When a token made now ends: never after the consent does. */
export function newTokenTimes(clock: Clock, consentEndsS: number): TokenTimes {
  const issuedS = nowSeconds(clock);
  return {
    jti: randomUUID(),
    issuedS,
    expiresS: Math.min(issuedS + accessTokenLifetimeSeconds, consentEndsS),
  };
}

export function signAccessToken(
  parts: { issuer: string; signingKeys: SigningKeys },
  content: TokenContent,
  times: TokenTimes,
): Promise<string> {
  const { kid, privateKey } = parts.signingKeys.current();
  return (
    new SignJWT({
      client_id: content.clientId,
      grant_id: content.grantId,
      cnf: { jkt: content.jkt },
      authorization_details: [content.detail as unknown as JWTPayload],
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .setIssuer(parts.issuer)
      .setAudience(resourceOf(parts.issuer))
      // The consent, and no id of a person: a subject that is the same in two consents would join them.
      .setSubject(content.consentId)
      .setIssuedAt(times.issuedS)
      .setExpirationTime(times.expiresS)
      .setJti(times.jti)
      .sign(privateKey)
  );
}

const claimsSchema = z.object({
  sub: z.string().regex(idPattern('consent')),
  client_id: z.string().regex(idPattern('client')),
  grant_id: z.string().regex(idPattern('grant')),
  jti: z.string().min(1),
  aud: z.string(),
  exp: z.int(),
  iat: z.int(),
  cnf: z.object({ jkt: z.string().length(43) }),
});

export interface AccessParts {
  readonly issuer: string;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
}

export interface VerifiedToken {
  readonly clientId: ClientId;
  readonly consentId: ConsentId;
  readonly grantId: GrantId;
  readonly jti: string;
  readonly jkt: string;
  readonly expiresS: number;
}

/** Null for anything that is not an unexpired at+jwt of ours (RFC 9068 section 4). */
export async function verifyAccessToken(parts: AccessParts, token: string): Promise<VerifiedToken | null> {
  try {
    const { payload } = await jwtVerify(
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
    return read.success ? verifiedToken(read.data) : null;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

const verifiedToken = (claims: z.infer<typeof claimsSchema>): VerifiedToken => ({
  clientId: claims.client_id as ClientId,
  consentId: claims.sub as ConsentId,
  grantId: claims.grant_id as GrantId,
  jti: claims.jti,
  jkt: claims.cnf.jkt,
  expiresS: claims.exp,
});
