// SHA-256 and Ed25519 from node:crypto, for the server, the command line and the tests.
// A key is its 32 raw bytes everywhere else; only this file knows DER.
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import type { Leaf, Sha256, VerifyCrypto } from './crypto.ts';

/**
 * One-shot: half the time of createHash for the short inputs of a tree; and by way of text, one byte a letter, half the
 * time of a digest made as a buffer.
 */
export const sha256: Sha256 = (bytes) => Buffer.from(hash('sha256', bytes, 'binary'), 'binary');

/** leafHash of an entry's text, without a copy of it: this runs while the head of the log is locked. */
export const leafHashOf = (entry: string): Buffer =>
  Buffer.from(hash('sha256', `\0${entry}`, 'binary'), 'binary');

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
}

export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  return verify(null, message, publicKeyObject(publicKey), signature);
}

function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const part = (from: number) => Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: part(1), y: part(33) };
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false; // no point of the curve
  }
}

function leafOf(entry: string): Leaf {
  const letters = hash('sha256', `\0${entry}`, 'binary');
  return { hash: Buffer.from(letters, 'binary'), text: btoa(letters) };
}

export const nodeCrypto: VerifyCrypto = { sha256, leafOf, verifyEd25519, verifyP256 };

export interface Ed25519Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** `seed` is the 32-byte private key of RFC 8032. The key object is made once: parsing costs as much as signing. */
export function ed25519Signer(seed: Uint8Array): Ed25519Signer {
  if (seed.length !== 32) throw new TypeError('an Ed25519 seed has 32 bytes');
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => sign(null, message, key),
  };
}
