// DPoP proofs (RFC 9449 section 4.3): that a request was made just now, here, by whoever holds a key.
// Whether a proof was used before is not known here: that takes the database, where its one use is recorded.
import { errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import { type Clock, nowSeconds } from '../lib/clock.ts';
import { type SigningAlgorithm, signingAlgorithms } from '../registry/jwks.ts';
import { sha256Base64url } from './digest.ts';
import type { DpopNonces } from './dpop-nonce.ts';
import { importPublicKey } from './public-key.ts';

/** How far a proof's iat may lie from our clock, either way. */
export const proofWindowSeconds = 60;
const longestProof = 8192;
const longestJti = 256;
const algorithms = [...signingAlgorithms];

export interface DpopProof {
  /** RFC 7638 thumbprint of the key that signed. */
  readonly jkt: string;
  readonly jti: string;
  /** SHA-256 of the jti, base64url: what is kept. */
  readonly jtiHash: string;
  readonly iatS: number;
  /** The proof as it was sent. */
  readonly text: string;
}

export interface ProvenRequest {
  /** Every DPoP header of the request (`headersDistinct`): Node joins repeated ones otherwise. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The address as third parties know it, without query: made from the issuer, never from Host. */
  readonly url: string;
  /** SHA-256 of the access token, base64url, where one comes with the proof. */
  readonly ath?: string;
  /** Null where proofs need no nonce. */
  readonly nonces: DpopNonces | null;
}

/** The message says what is wrong, in words fit for the third party. */
export class DpopFault extends Error {}

/** Nothing is wrong but that the proof has no nonce of ours, or an old one (RFC 9449 section 8). */
export class NonceWanted extends DpopFault {
  readonly nonce: string;

  constructor(nonce: string) {
    super('the proof needs the nonce of the header DPoP-Nonce');
    this.nonce = nonce;
  }
}

const fault = (message: string): never => {
  throw new DpopFault(message);
};

/** Throws DpopFault. */
export async function verifyProof(clock: Clock, request: ProvenRequest): Promise<DpopProof> {
  const [text, ...further] = request.proofs;
  if (text === undefined) return fault('the DPoP header is missing');
  if (further.length > 0) return fault('more than one DPoP header was sent');
  if (text.length > longestProof) return fault(`a proof has at most ${longestProof} characters`);
  const { thumbprint, claims } = await verifySignature(clock, text);
  const { jti, iat, exp, htm, htu, ath, nonce } = claims;
  if (typeof jti !== 'string' || jti.length < 1 || jti.length > longestJti)
    return fault(`jti is text of 1 to ${longestJti} characters`);
  if (typeof iat !== 'number') return fault('iat is missing');
  if (exp !== undefined && exp <= nowSeconds(clock)) return fault('exp is past');
  if (htm !== request.method) return fault(`htm is not ${request.method}`);
  if (typeof htu !== 'string' || !isSameAddress(htu, request.url))
    return fault('htu is not the address of this request');
  if (request.ath !== undefined && ath !== request.ath)
    return fault('ath is not the hash of the access token');
  if (request.nonces && !request.nonces.accepts(nonce)) throw new NonceWanted(request.nonces.current());
  return { jkt: thumbprint, jti, jtiHash: sha256Base64url(jti), iatS: iat, text };
}

async function verifySignature(clock: Clock, text: string) {
  let thumbprint = '';
  const embeddedKey = async ({ alg, jwk }: JWTHeaderParameters) => {
    const key = jwk ? await importPublicKey(jwk, alg as SigningAlgorithm) : null;
    if (!key) return fault('jwk is missing, or not a public key for this alg');
    thumbprint = key.thumbprint;
    return key.key;
  };
  try {
    const { payload: claims } = await jwtVerify(text, embeddedKey, {
      typ: 'dpop+jwt',
      algorithms,
      requiredClaims: ['jti', 'htm', 'htu', 'iat'],
      // Together these two make the window: no older than the tolerance, no further ahead than the tolerance.
      maxTokenAge: 0,
      clockTolerance: proofWindowSeconds,
      currentDate: new Date(clock.nowMs()),
    });
    return { thumbprint, claims };
  } catch (error) {
    if (error instanceof errors.JOSEError) return fault(error.message);
    throw error;
  }
}

/** RFC 9449 section 4.3: query and fragment are left out, the rest is normalized (RFC 3986 section 6.2.2). */
function isSameAddress(htu: string, url: string): boolean {
  if (htu === url) return true;
  const [sent, expected] = [URL.parse(htu), URL.parse(url)];
  return (
    sent !== null && sent.origin === expected?.origin && sent.pathname === expected.pathname && !sent.username
  );
}
