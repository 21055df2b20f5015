// Whether a signature of an operator holds: of the key that is on record, over exactly what the entry says. Pure; a browser
// checks it as a server does.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { sameBytes, utf8, type VerifyCrypto } from './crypto.ts';
import type { OperatorProof } from './entry-operator.ts';
import { isPlainJson } from './plain-json.ts';

export interface OperatorKeyRecord {
  /** A JWK in canonical form. */
  readonly key: string;
  readonly keptIn: 'file' | 'passkey';
}

/** Null where this runtime cannot check signatures of that kind. */
export async function holdsProof(
  crypto: VerifyCrypto,
  record: OperatorKeyRecord,
  statement: string,
  proof: OperatorProof,
): Promise<boolean | null> {
  const signature = fromBase64url(proof.signature);
  const message = record.keptIn === 'file' ? utf8(statement) : signedByPasskey(crypto, statement, proof);
  if (signature === null || message === null) return false;
  if (record.keptIn === 'file' && proof.client_data !== undefined) return false;
  return await verifyWith(crypto, record, message, signature);
}

async function verifyWith(
  { verifyEd25519, verifyP256 }: VerifyCrypto,
  { key, keptIn }: OperatorKeyRecord,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | null> {
  const { kty, x, y } = parsed(key);
  const [atX, atY] = [fromBase64url(x), fromBase64url(y)];
  if (atX?.length !== 32) return false;
  if (kty === 'OKP') return signature.length === 64 && (await verifyEd25519(atX, message, signature));
  if (verifyP256 === undefined) return null;
  const raw = keptIn === 'file' ? signature : rawSignature(signature);
  if (kty !== 'EC' || atY?.length !== 32 || raw?.length !== 64) return false;
  return await verifyP256(Uint8Array.of(4, ...atX, ...atY), message, raw);
}

/** The thumbprint of RFC 7638: the canonical text of such a key is exactly what is hashed. */
export const keyThumbprint = ({ sha256 }: VerifyCrypto, key: string): string =>
  toBase64url(sha256(utf8(key)));

const userPresent = 0x01;
const userVerified = 0x04;

/** What the authenticator signed, if it is an answer to this statement by a verified person (WebAuthn, section 7.2). */
function signedByPasskey(
  { sha256 }: VerifyCrypto,
  statement: string,
  proof: OperatorProof,
): Uint8Array | null {
  const data = fromBase64url(proof.authenticator_data);
  const client = fromBase64url(proof.client_data);
  if (data === null || client === null || data.length < 37) return null;
  const { type, challenge } = parsed(textOf(client));
  const flags = data[32] ?? 0;
  const isVerified = (flags & userPresent) !== 0 && (flags & userVerified) !== 0;
  const answers = fromBase64url(challenge);
  if (type !== 'webauthn.get' || !isVerified || answers === null) return null;
  if (!sameBytes(answers, sha256(utf8(statement)))) return null;
  return Uint8Array.of(...data, ...sha256(client));
}

/** From the DER of an authenticator (SEQUENCE of two INTEGERs) to r and s of 32 bytes each. */
function rawSignature(der: Uint8Array): Uint8Array | null {
  const r = derInteger(der, 2);
  const s = r && derInteger(der, r.end);
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || !r || !s || s.end !== der.length) return null;
  const raw = new Uint8Array(64);
  raw.set(r.value, 32 - r.value.length);
  raw.set(s.value, 64 - s.value.length);
  return raw;
}

function derInteger(der: Uint8Array, at: number): { value: Uint8Array; end: number } | null {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== 0x02 || length < 1 || length > 33 || end > der.length) return null;
  const bytes = der.slice(at + 2, end);
  const value = bytes[0] === 0 ? bytes.slice(1) : bytes;
  return value.length > 32 ? null : { value, end };
}

/** Empty where it is no UTF-8. A mark of the order of bytes stays, and is no JSON. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return '';
  }
}

function parsed(text: string): Partial<Record<'kty' | 'x' | 'y' | 'type' | 'challenge', string>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !isPlainJson(value)) return {};
    return Object.fromEntries(Object.entries(value).filter(([, one]) => typeof one === 'string'));
  } catch {
    return {};
  }
}

function fromBase64url(text: string | undefined): Uint8Array | null {
  if (text === undefined || !/^[A-Za-z0-9_-]+$/.test(text)) return null;
  const padded = text.replaceAll('-', '+').replaceAll('_', '/');
  return decodeBase64(padded.padEnd(Math.ceil(padded.length / 4) * 4, '='));
}

const toBase64url = (bytes: Uint8Array): string =>
  encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
