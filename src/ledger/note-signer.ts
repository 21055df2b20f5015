// Signs notes with an Ed25519 seed: what the log signs its checkpoints with, and a witness its cosignatures.
// Kept apart from note.ts, which must run where there is no node:crypto.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { cosignatureMessage, cosignaturePayload } from './cosignature.ts';
import { utf8 } from './crypto.ts';
import { ed25519Signer, sha256 } from './node-crypto.ts';
import { formatNote, type SignatureLine } from './note.ts';
import {
  ED25519,
  ED25519_COSIGNATURE,
  isKeyName,
  NoteError,
  type VerifierKey,
  verifierKey,
} from './verifier-key.ts';

export interface NoteSigner {
  readonly key: VerifierKey;
  /** A line for `text`, to stand beside other signatures. */
  sign(text: string): SignatureLine;
  /** A whole note with this one signature. */
  signNote(text: string): string;
}

export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  const signer = ed25519Signer(seed);
  const key = verifierKey(name, ED25519, signer.publicKey, sha256);
  const sign = (text: string): SignatureLine => ({ name, id: key.id, payload: signer.sign(utf8(text)) });
  return { key, sign, signNote: (text) => formatNote(text, [sign(text)]) };
}

export interface Cosigner {
  readonly key: VerifierKey;
  /** A line for the text of a checkpoint: "as of that second it is the largest consistent tree that I have seen". */
  cosign(text: string, timeSeconds: number): SignatureLine;
}

export function cosigner(name: string, seed: Uint8Array): Cosigner {
  const signer = ed25519Signer(seed);
  const key = verifierKey(name, ED25519_COSIGNATURE, signer.publicKey, sha256);
  return {
    key,
    cosign(text, timeSeconds) {
      const signature = signer.sign(cosignatureMessage(timeSeconds, text));
      return { name, id: key.id, payload: cosignaturePayload(timeSeconds, signature) };
    },
  };
}

/** Private key in Go's text form: `PRIVATE+KEY+name+id+base64(type || seed)`. Keep it in a file, never in a log. */
export function formatSignerKey(name: string, seed: Uint8Array): string {
  const id = noteSigner(name, seed).key.id.toString(16).padStart(8, '0');
  return `PRIVATE+KEY+${name}+${id}+${encodeBase64(Uint8Array.of(ED25519, ...seed))}`;
}

/** Throws NoteError, without a word of the key in it. */
export const parseSignerKey = (text: string): NoteSigner => {
  const { name, seed } = readSignerKey(text);
  return noteSigner(name, seed);
};

/** A witness's key is written as a log's: Go's form knows no type for cosigning. Throws NoteError. */
export const parseCosignerKey = (text: string): Cosigner => {
  const { name, seed } = readSignerKey(text);
  return cosigner(name, seed);
};

function readSignerKey(text: string): { name: string; seed: Uint8Array } {
  const parts = /^PRIVATE\+KEY\+([^+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,128})$/.exec(text.trim());
  const bytes = parts === null ? null : decodeBase64(parts[3] as string);
  const name = parts?.[1] ?? '';
  if (bytes === null || bytes.length !== 33 || bytes[0] !== ED25519 || !isKeyName(name))
    throw new NoteError('a signer key is PRIVATE+KEY+name+id+base64 of an Ed25519 seed');
  const seed = bytes.subarray(1);
  if (noteSigner(name, seed).key.id.toString(16).padStart(8, '0') !== parts?.[2])
    throw new NoteError('the id of the signer key does not belong to it');
  return { name, seed };
}
