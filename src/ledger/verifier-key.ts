// Keys of signed notes in text form (C2SP signed-note): `name+id+base64(type byte || key)`, and what each type signs.
// A signature type is one row of the table below; a type that is not there is refused, never guessed.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { COSIGNATURE_BYTES, cosignatureMessage, splitCosignature } from './cosignature.ts';
import { type Sha256, utf8, type VerifyCrypto } from './crypto.ts';

export const ED25519 = 0x01;
/** Ed25519 with the time at which a witness signed (C2SP tlog-cosignature). */
export const ED25519_COSIGNATURE = 0x04;

export interface VerifierKey {
  readonly name: string;
  /** First four bytes of SHA-256(name || "\n" || type || key), big-endian: a hint, not a commitment. */
  readonly id: number;
  readonly type: number;
  readonly publicKey: Uint8Array;
  readonly text: string;
}

export interface VerifiedSignature {
  readonly key: VerifierKey;
  /** Seconds since 1970 at which a witness says that it signed; null for a type without a time. */
  readonly timeSeconds: number | null;
}

export class NoteError extends Error {
  override readonly name = 'NoteError';
}

interface SignatureType {
  readonly keyBytes: number;
  readonly signatureBytes: number;
  /** Time in the signature, message that it covers, and the signature proper; null if the time makes no sense. */
  readonly open: (text: string, payload: Uint8Array) => Opened | null;
}
interface Opened {
  readonly timeSeconds: number | null;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const signatureTypes: ReadonlyMap<number, SignatureType> = new Map([
  [
    ED25519,
    {
      keyBytes: 32,
      signatureBytes: 64,
      open: (text: string, payload: Uint8Array): Opened => ({
        timeSeconds: null,
        message: utf8(text),
        signature: payload,
      }),
    },
  ],
  [ED25519_COSIGNATURE, { keyBytes: 32, signatureBytes: COSIGNATURE_BYTES, open: openCosignature }],
]);

function openCosignature(text: string, payload: Uint8Array): Opened | null {
  const cosignature = splitCosignature(payload);
  if (cosignature === null) return null;
  return { ...cosignature, message: cosignatureMessage(cosignature.timeSeconds, text) };
}

/** Null where the signature is not that key's over `text`. */
export async function verifySignature(
  key: VerifierKey,
  text: string,
  payload: Uint8Array,
  crypto: VerifyCrypto,
): Promise<VerifiedSignature | null> {
  const type = signatureTypes.get(key.type);
  if (type === undefined || payload.length !== type.signatureBytes) return null;
  const opened = type.open(text, payload);
  if (opened === null) return null;
  const { timeSeconds, message, signature } = opened;
  const valid = await crypto.verifyEd25519(key.publicKey, message, signature);
  return valid ? { key, timeSeconds } : null;
}

/** Non-empty, no white space, no '+', and at most 255 letters. */
export const isKeyName = (name: string): boolean =>
  name.length > 0 && name.length <= 255 && name.isWellFormed() && !/[\p{White_Space}\p{Cc}+]/u.test(name);

export function keyId(name: string, type: number, publicKey: Uint8Array, sha256: Sha256): number {
  const nameBytes = utf8(`${name}\n`);
  const bytes = new Uint8Array(nameBytes.length + 1 + publicKey.length);
  bytes.set(nameBytes);
  bytes[nameBytes.length] = type;
  bytes.set(publicKey, nameBytes.length + 1);
  const { buffer, byteOffset } = sha256(bytes);
  return new DataView(buffer, byteOffset).getUint32(0);
}

export function verifierKey(name: string, type: number, publicKey: Uint8Array, sha256: Sha256): VerifierKey {
  if (!isKeyName(name)) throw new NoteError('the name of a key holds no white space and no "+"');
  if (signatureTypes.get(type)?.keyBytes !== publicKey.length)
    throw new NoteError('unknown type of key, or a key of the wrong length');
  const id = keyId(name, type, publicKey, sha256);
  const text = `${name}+${id.toString(16).padStart(8, '0')}+${encodeBase64(Uint8Array.of(type, ...publicKey))}`;
  return { name, id, type, publicKey, text };
}

/** Takes only what `verifierKey` writes. Throws NoteError. */
export function parseVerifierKey(text: string, sha256: Sha256): VerifierKey {
  const parts = /^([^+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,8192})$/.exec(text);
  if (parts === null) throw new NoteError('a verifier key is name+id+base64');
  const [, name, , encoded] = parts as unknown as [string, string, string, string];
  const bytes = decodeBase64(encoded);
  if (bytes === null || bytes.length < 2) throw new NoteError('the key is not base64');
  const key = verifierKey(name, bytes[0] as number, bytes.subarray(1), sha256);
  if (key.text !== text) throw new NoteError('the id of the key does not belong to it');
  return key;
}
