// Software statements (RFC 7591 section 2.3): who vouches for a third party that registers by a program in production.
// What a statement says is taken from it alone, and never from whoever brings it; and only one that names us as its
// audience, so that what somebody was vouched for elsewhere registers nobody here.
import { readFile } from 'node:fs/promises';
import { decodeJwt, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import {
  algorithmsOf,
  type Jwks,
  JwksFault,
  readJwks,
  type SigningAlgorithm,
  signingAlgorithms,
} from '../registry/jwks.ts';
import { invalidSoftwareStatement, unapprovedSoftwareStatement } from './errors.ts';
import { importPublicKey } from './public-key.ts';

/** Somebody whose statements are taken, such as a regulator's directory. */
export interface StatementIssuer {
  readonly issuer: string;
  readonly jwks: Jwks;
}

const longestStatement = 16_384;
const skewSeconds = 60;
const issuersFile = z.strictObject({
  issuers: z
    .array(z.strictObject({ issuer: z.string().min(1).max(2000), jwks: z.unknown() }))
    .min(1)
    .max(20),
});

/** Errors: one line that names the file. */
export async function readStatementIssuers(path: string): Promise<StatementIssuer[]> {
  try {
    const { issuers } = issuersFile.parse(JSON.parse(await readFile(path, 'utf8')));
    return issuers.map(({ issuer, jwks }) => ({ issuer, jwks: readJwks(jwks) }));
  } catch (error) {
    const why = error instanceof JwksFault ? error.message : 'it is not {"issuers":[{"issuer":…,"jwks":…}]}';
    throw new Error(`STABLEDOOR_SOFTWARE_STATEMENT_FILE: ${path} cannot be used: ${why}`);
  }
}

/** Throws OauthError `invalid_software_statement`, or `unapproved_software_statement` of an issuer that is not taken. */
export async function verifySoftwareStatement(
  issuers: readonly StatementIssuer[],
  clock: Clock,
  statement: string,
  audience: readonly string[],
): Promise<JWTPayload> {
  if (statement.length > longestStatement) throw invalidSoftwareStatement('it is too long');
  const issuer = issuers.find((one) => one.issuer === claimedIssuer(statement));
  if (!issuer) throw unapprovedSoftwareStatement();
  try {
    const { payload } = await jwtVerify(statement, (header) => keyOf(issuer.jwks, header), {
      algorithms: [...signingAlgorithms],
      issuer: issuer.issuer,
      audience: [...audience],
      requiredClaims: ['iat', 'exp', 'software_id'],
      clockTolerance: skewSeconds,
      currentDate: new Date(clock.nowMs()),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError)
      throw invalidSoftwareStatement('its signature, its time or its audience does not hold');
    throw error;
  }
}

function claimedIssuer(statement: string): string | undefined {
  try {
    return decodeJwt(statement).iss;
  } catch {
    throw invalidSoftwareStatement('it is not a JWT');
  }
}

async function keyOf({ keys }: Jwks, { alg, kid }: JWTHeaderParameters) {
  const algorithm = alg as SigningAlgorithm;
  const [named, ...further] = keys.filter(
    (key) => algorithmsOf(key)?.includes(algorithm) && (kid === undefined || key.kid === kid),
  );
  const key = named && further.length === 0 ? await importPublicKey(named, algorithm) : null;
  if (!key) throw invalidSoftwareStatement('no key of its issuer fits');
  return key.key;
}
