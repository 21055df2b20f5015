// Signed notes (C2SP signed-note v1.0.0): a text, an empty line, and signature lines.
// A known key that fails refuses the note; an unknown one is passed over; a note that no known key signed is refused.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import type { VerifyCrypto } from './crypto.ts';
import {
  isKeyName,
  NoteError,
  type VerifiedSignature,
  type VerifierKey,
  verifySignature,
} from './verifier-key.ts';

export const MAX_SIGNATURES = 100;
/** A hundred post-quantum signatures fit. */
const MAX_NOTE_LENGTH = 1_000_000;
/** Four bytes of key id, and something signed. */
const MIN_SIGNATURE_BYTES = 5;
// A control character could hide a line from whoever reads the note on a screen.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

export interface SignatureLine {
  readonly name: string;
  readonly id: number;
  /** What stands after the key id. */
  readonly payload: Uint8Array;
}

export interface SplitNote {
  /** With its final line feed: exactly what is signed. */
  readonly text: string;
  readonly signatures: readonly SignatureLine[];
}

export interface OpenedNote {
  readonly text: string;
  /** One for each known key that signed, however many lines it has. */
  readonly signatures: readonly VerifiedSignature[];
}

export function formatSignature({ name, id, payload }: SignatureLine): string {
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, id);
  bytes.set(payload, 4);
  return `\u2014 ${name} ${encodeBase64(bytes)}\n`;
}

export function formatNote(text: string, signatures: readonly SignatureLine[]): string {
  checkText(text);
  return `${text}\n${signatures.map(formatSignature).join('')}`;
}

function checkText(text: string): void {
  if (text.length > MAX_NOTE_LENGTH) throw new NoteError('the note is too long');
  if (!text.isWellFormed() || CONTROL.test(text)) throw new NoteError('a note holds no control characters');
  if (!text.endsWith('\n')) throw new NoteError('a note ends in a line feed');
}

/** Parts of a note, nothing verified yet. The text may hold empty lines: the last one divides. */
export function splitNote(note: string): SplitNote {
  checkText(note);
  const end = note.lastIndexOf('\n\n');
  if (end < 0) throw new NoteError('no empty line divides text from signatures');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw new NoteError(`a note has at most ${MAX_SIGNATURES} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): SignatureLine {
  const parts = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line);
  if (parts === null) throw new NoteError('a signature line is a dash, a name and base64');
  const [, name, encoded] = parts as unknown as [string, string, string];
  const bytes = decodeBase64(encoded);
  if (!isKeyName(name) || bytes === null || bytes.length < MIN_SIGNATURE_BYTES)
    throw new NoteError('a signature line is a dash, a name and base64');
  return { name, id: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), payload: bytes.subarray(4) };
}

/** From bytes that came from outside: a note is UTF-8, and a decoder that mends faults would hide them. */
export function decodeNote(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NoteError('a note is UTF-8');
  }
}

/** Throws NoteError. Whose signature is *needed* is the caller's question: see openCheckpoint. */
export async function openNote(
  note: string,
  known: readonly VerifierKey[],
  crypto: VerifyCrypto,
): Promise<OpenedNote> {
  const { text, signatures } = splitNote(note);
  const verified = new Map<string, VerifiedSignature>();
  for (const line of signatures) {
    const key = findKey(known, line);
    if (key === null) continue;
    const signature = await verifySignature(key, text, line.payload, crypto);
    if (signature === null) throw new NoteError(`the signature of ${key.name} is not valid`);
    if (!verified.has(key.text)) verified.set(key.text, signature);
  }
  if (verified.size === 0) throw new NoteError('no known key signed this note');
  return { text, signatures: [...verified.values()] };
}

function findKey(known: readonly VerifierKey[], line: SignatureLine): VerifierKey | null {
  const found = known.filter((key) => key.name === line.name && key.id === line.id);
  if (new Set(found.map((key) => key.text)).size > 1)
    throw new NoteError(`two known keys share the id of ${line.name}`);
  return found[0] ?? null;
}
