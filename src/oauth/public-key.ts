// Imports the public keys of third parties, once each: importing costs more than half of a verification.
// A key is known by its thumbprint (RFC 7638) and may verify one algorithm only.
import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from 'jose';
import { algorithmsOf, type SigningAlgorithm } from '../registry/jwks.ts';
import { boundedCache } from './bounded-cache.ts';

export interface PublicKey {
  readonly key: CryptoKey;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
}

const longestMember = 1100;
const imported = boundedCache<PublicKey>(10_000);

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Null for a key that is private, not of the profile, or not one that makes this algorithm. */
export async function importPublicKey(jwk: unknown, algorithm: SigningAlgorithm): Promise<PublicKey | null> {
  const needed = neededMembers(jwk);
  if (!needed || !algorithmsOf(needed)?.includes(algorithm)) return null;
  const name = `${algorithm} ${needed.kty} ${needed.crv ?? ''} ${needed.x ?? needed.n} ${needed.y ?? needed.e ?? ''}`;
  const known = imported.get(name);
  if (known) return known;
  const key = await importJWK(needed, algorithm).catch(() => null);
  if (key === null || key instanceof Uint8Array) return null;
  const made = { key, thumbprint: await calculateJwkThumbprint(needed) };
  imported.set(name, made);
  return made;
}

// Only what the thumbprint covers: nothing else in a key may change what it verifies.
function neededMembers(jwk: unknown): JWK | null {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return null;
  if (privateMembers.some((member) => member in jwk)) return null;
  const given = jwk as Record<string, unknown>;
  const names = { EC: ['kty', 'crv', 'x', 'y'], OKP: ['kty', 'crv', 'x'], RSA: ['kty', 'n', 'e'] }[
    String(given.kty)
  ];
  if (!names) return null;
  const needed: Record<string, string> = {};
  for (const name of names) {
    const value = given[name];
    if (typeof value !== 'string' || value.length === 0 || value.length > longestMember) return null;
    needed[name] = value;
  }
  return needed;
}
