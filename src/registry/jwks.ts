// The public keys of a third party: which are taken, and the clean copy that is kept.
// Nothing private, weak or ambiguous gets in: what signs a request must point at exactly one key.
import { createPublicKey } from 'node:crypto';

export const signingAlgorithms = ['ES256', 'PS256', 'EdDSA', 'Ed25519'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** A public JWK (RFC 7517) with its `kid`, stripped of everything we do not use. */
export interface PublicJwk {
  readonly kty: 'EC' | 'RSA' | 'OKP';
  readonly kid: string;
  readonly alg?: SigningAlgorithm;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

const mostKeys = 20;
const longestKid = 128;
const longestMember = 1100; // the modulus of RSA 6144 in base64url, and a little
const fewestRsaBits = 2048;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

export class JwksFault extends Error {}

const fault = (message: string): never => {
  throw new JwksFault(message);
};

/** Throws JwksFault, whose message says what is wrong in words fit for the third party. */
export function readJwks(value: unknown): Jwks {
  const keys = isObject(value) ? value.keys : undefined;
  return cleanKeys(listOf(keys));
}

/**
 * A set at a third party's own address may serve others too: keys that are not for us (encryption, other algorithms) are
 * passed over. A private key is refused with the whole set, whatever it is for.
 */
export function readFetchedJwks(value: unknown): Jwks {
  const keys = listOf(isObject(value) ? value.keys : undefined);
  for (const key of keys) if (isObject(key)) refusePrivate(key);
  const ours = keys.filter((key) => !isObject(key) || isForUs(key));
  if (ours.length === 0) return fault('the JWK set has no key that can sign here: ES256, PS256 or Ed25519');
  return cleanKeys(ours);
}

function isForUs(key: Record<string, unknown>): boolean {
  const fits = algorithmsOf(key);
  return (
    fits !== null &&
    (key.use === undefined || key.use === 'sig') &&
    (key.alg === undefined || fits.includes(key.alg as SigningAlgorithm))
  );
}

function listOf(keys: unknown): readonly unknown[] {
  if (!Array.isArray(keys)) return fault('a JWK set is an object with an array "keys"');
  if (keys.length < 1 || keys.length > mostKeys) return fault(`a JWK set has 1 to ${mostKeys} keys`);
  return keys;
}

function refusePrivate(key: Record<string, unknown>): void {
  if (privateMembers.some((member) => member in key))
    fault('a key set holds public keys only: a private or shared key was sent');
}

function cleanKeys(keys: readonly unknown[]): Jwks {
  const clean = keys.map(readKey);
  if (new Set(clean.map((key) => key.kid)).size !== clean.length)
    return fault('each key has a kid of its own');
  if (new Set(clean.map(({ n, x, y }) => `${n} ${x} ${y}`)).size !== clean.length)
    return fault('one key stands there twice');
  return { keys: clean };
}

function readKey(value: unknown): PublicJwk {
  if (!isObject(value)) return fault('a key is a JSON object');
  refusePrivate(value);
  const { kty, kid, alg, use } = value;
  if (typeof kid !== 'string' || kid.length < 1 || kid.length > longestKid)
    return fault(`a key has a kid of 1 to ${longestKid} characters`);
  if (use !== undefined && use !== 'sig') return fault('a key is for signatures: use is "sig" or absent');
  const fits = algorithmsOf(value);
  if (!fits) return fault(`a key is EC P-256, OKP Ed25519 or RSA of ${fewestRsaBits} bits or more`);
  if (alg !== undefined && !fits.includes(alg as SigningAlgorithm))
    return fault(`the alg of a ${String(kty)} key here is ${fits.join(' or ')}`);
  const key = { ...keyMembers(value), kid, ...(alg === undefined ? {} : { alg: alg as SigningAlgorithm }) };
  refuseUnsound(key);
  return key;
}

/** The algorithms that a key of this type and curve can make, or null for a key that we do not take. */
export function algorithmsOf(jwk: { kty?: unknown; crv?: unknown }): readonly SigningAlgorithm[] | null {
  if (jwk.kty === 'EC' && jwk.crv === 'P-256') return ['ES256'];
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') return ['EdDSA', 'Ed25519'];
  if (jwk.kty === 'RSA') return ['PS256'];
  return null;
}

function keyMembers(value: Record<string, unknown>): Omit<PublicJwk, 'kid' | 'alg'> {
  const text = (member: string): string => {
    const found = value[member];
    if (typeof found !== 'string' || found.length > longestMember || !/^[A-Za-z0-9_-]+$/.test(found))
      return fault(`the member ${member} of a key is base64url`);
    return found;
  };
  if (value.kty === 'EC') return { kty: 'EC', crv: 'P-256', x: text('x'), y: text('y') };
  if (value.kty === 'OKP') return { kty: 'OKP', crv: 'Ed25519', x: text('x') };
  return { kty: 'RSA', n: text('n'), e: text('e') };
}

// The parser of OpenSSL refuses a point that is not on its curve; a modulus it takes at any length.
function refuseUnsound(jwk: PublicJwk): void {
  let bits: number | undefined;
  let exponent: bigint | undefined;
  try {
    const details = createPublicKey({ key: { ...jwk }, format: 'jwk' }).asymmetricKeyDetails;
    bits = details?.modulusLength;
    exponent = details?.publicExponent;
  } catch {
    fault(`the key ${jwk.kid} is not a valid key`);
  }
  if (jwk.kty !== 'RSA') return;
  if ((bits ?? 0) < fewestRsaBits) fault(`an RSA key has ${fewestRsaBits} bits or more`);
  if ((exponent ?? 0n) < 3n || (exponent ?? 0n) % 2n === 0n)
    fault('the exponent of an RSA key is odd and at least 3');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
