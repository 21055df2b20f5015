// Timestamped cosignatures (C2SP tlog-cosignature v1.0.0, type 0x04): what a witness signs, and how its line is laid out.
// The signed message is built here alone, so that whoever signs and whoever checks cannot mean two texts.
import { utf8 } from './crypto.ts';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;
export const COSIGNATURE_BYTES = TIME_BYTES + SIGNATURE_BYTES;

/** `text` is that of a checkpoint, with its final line feed and without any signature line. */
export const cosignatureMessage = (timeSeconds: number, text: string): Uint8Array =>
  utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);

/** What stands after the key id: the time, big-endian, and the Ed25519 signature over the message. */
export function cosignaturePayload(timeSeconds: number, signature: Uint8Array): Uint8Array {
  if (!Number.isSafeInteger(timeSeconds) || timeSeconds < 0)
    throw new RangeError('the time of a cosignature is in whole seconds since 1970');
  if (signature.length !== SIGNATURE_BYTES) throw new RangeError('an Ed25519 signature has 64 bytes');
  const payload = new Uint8Array(COSIGNATURE_BYTES);
  new DataView(payload.buffer).setBigUint64(0, BigInt(timeSeconds));
  payload.set(signature, TIME_BYTES);
  return payload;
}

export interface Cosignature {
  /** Seconds since 1970 at which the witness says that it signed. */
  readonly timeSeconds: number;
  readonly signature: Uint8Array;
}

/** Null for a payload of another length, or with a time that no integer of ours can hold. Nothing is verified yet. */
export function splitCosignature(payload: Uint8Array): Cosignature | null {
  if (payload.length !== COSIGNATURE_BYTES) return null;
  const time = new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getBigUint64(0);
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  return { timeSeconds: Number(time), signature: payload.subarray(TIME_BYTES) };
}
