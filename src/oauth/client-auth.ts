// Client authentication by private_key_jwt (RFC 7523, FAPI 2.0 section 5.3.2): the one way in for a third party.
// Every failure has one answer, so that nobody learns which third parties exist.
import { decodeJwt, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import type { Store } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import { idPattern } from '../lib/ids.ts';
import type { ClientKeys } from '../registry/client-keys.ts';
import {
  algorithmsOf,
  type Jwks,
  type PublicJwk,
  type SigningAlgorithm,
  signingAlgorithms,
} from '../registry/jwks.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import { sha256Base64url } from './digest.ts';
import type { DpopNonces } from './dpop-nonce.ts';
import { invalidClient } from './errors.ts';
import type { Lookups } from './lookups.ts';
import type { Parameters } from './parameters.ts';
import { importPublicKey } from './public-key.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const skewSeconds = 60;
/** An assertion must be remembered until it expires, so it may not live long. */
const longestLifeSeconds = 600;
const longestAssertion = 8192;
const longestJti = 256;
const clientIdPattern = idPattern('client');

export interface ClientAssertion {
  readonly thirdParty: ThirdParty;
  readonly jtiHash: string;
  /** Until when its jti must be remembered. */
  readonly rememberUntilS: number;
}

export interface ClientAuthParts {
  /** Null where proofs need no nonce. */
  readonly dpopNonces: DpopNonces | null;
  readonly db: Store;
  readonly lookups: Lookups;
  readonly clock: Clock;
  readonly issuer: string;
  readonly clientKeys: ClientKeys;
}

/** Throws OauthError `invalid_client`. Whether the jti is new is left to the caller's one statement for that. */
export async function verifyClientAssertion(
  parts: ClientAuthParts,
  parameters: Parameters,
  authorizationHeader: string | undefined,
): Promise<ClientAssertion> {
  const assertion = parameters.client_assertion;
  if (authorizationHeader !== undefined || parameters.client_secret !== undefined) throw invalidClient();
  if (parameters.client_assertion_type !== assertionType || assertion === undefined) throw invalidClient();
  if (assertion.length > longestAssertion) throw invalidClient();
  const clientId = claimedClientId(assertion);
  if (parameters.client_id !== undefined && parameters.client_id !== clientId) throw invalidClient();
  const thirdParty = await parts.lookups.thirdParty(clientId);
  if (!thirdParty) throw invalidClient();
  const { jti, exp } = await verifiedClaims(parts, assertion, thirdParty);
  return { thirdParty, jtiHash: sha256Base64url(jti), rememberUntilS: exp + skewSeconds };
}

/** Not trusted yet: it only says whose keys to try. */
function claimedClientId(assertion: string): string {
  let claims: JWTPayload;
  try {
    claims = decodeJwt(assertion);
  } catch {
    throw invalidClient();
  }
  const { iss, sub } = claims;
  if (typeof iss !== 'string' || iss !== sub || !clientIdPattern.test(iss)) throw invalidClient();
  return iss;
}

async function verifiedClaims(
  parts: ClientAuthParts,
  assertion: string,
  thirdParty: ThirdParty,
): Promise<{ jti: string; exp: number }> {
  try {
    const { payload } = await jwtVerify(
      assertion,
      (header) => registeredKey(parts.clientKeys, thirdParty, header),
      {
        algorithms: [...signingAlgorithms],
        issuer: thirdParty.clientId,
        subject: thirdParty.clientId,
        audience: parts.issuer,
        requiredClaims: ['exp', 'jti', 'iat'],
        maxTokenAge: longestLifeSeconds,
        clockTolerance: skewSeconds,
        currentDate: new Date(parts.clock.nowMs()),
      },
    );
    const { jti, exp = 0, iat = 0, aud } = payload;
    // jose takes an array that holds the audience; FAPI 2.0 section 5.3.2.1 wants the issuer as a string.
    if (typeof aud !== 'string') throw invalidClient();
    if (typeof jti !== 'string' || jti.length < 1 || jti.length > longestJti) throw invalidClient();
    if (exp - iat > longestLifeSeconds) throw invalidClient();
    return { jti, exp };
  } catch (error) {
    if (error instanceof errors.JOSEError) throw invalidClient();
    throw error;
  }
}

/** The key that the header names; without a kid, the only one that fits. Of keys kept elsewhere, perhaps a newer one. */
async function registeredKey(
  clientKeys: ClientKeys,
  thirdParty: ThirdParty,
  { alg, kid }: JWTHeaderParameters,
) {
  const algorithm = alg as SigningAlgorithm;
  clientKeys.freshen(thirdParty);
  let named = fittingKey(thirdParty.jwks, algorithm, kid);
  if (!named && thirdParty.jwksUri !== null) {
    const newer = await clientKeys.lookAgain(thirdParty);
    named = newer && fittingKey(newer, algorithm, kid);
  }
  const key = named ? await importPublicKey(named, algorithm) : null;
  if (!key) throw invalidClient();
  return key.key;
}

function fittingKey({ keys }: Jwks, algorithm: SigningAlgorithm, kid: string | undefined): PublicJwk | null {
  const fitting = keys.filter(
    (key) => algorithmsOf(key)?.includes(algorithm) && (kid === undefined || key.kid === kid),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}
