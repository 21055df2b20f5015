// The text of an entry (stabledoor/entry/v1): header lines, then one line of canonical JSON.
// Writer and parser must agree byte for byte: the text is what the leaf hash, and so every signature, covers.
import { encodeBase64 } from '../lib/base64.ts';
import { type Sha256, utf8 } from './crypto.ts';
import { quickPattern } from './quick-pattern.ts';

export const ENTRY_VERSION = 'stabledoor/entry/v1';
/** An entry bundle (C2SP tlog-tiles) gives an entry's length in 16 bits. */
export const MAX_ENTRY_BYTES = 65_535;
/** What the header can take at most, so that a body's length can be checked before its place is known. */
export const MAX_HEADER_BYTES = 200;
export const MAX_BODY_BYTES = MAX_ENTRY_BYTES - MAX_HEADER_BYTES;

export interface EntryHeader {
  readonly index: number;
  /** base64: leaf hash of the entry before; for entry 0 `genesisPrev(origin)`. */
  readonly prev: string;
  readonly timeMs: number;
  /** base64: the household's tag, or null for an entry of no household. */
  readonly stag: string | null;
}

export interface ParsedEntry extends EntryHeader {
  /** The one line of JSON, without its line end. Not yet checked: see parseEntryBody. */
  readonly body: string;
}

export class EntryFormatError extends Error {
  override readonly name = 'EntryFormatError';
}

/** What stands as `prev` in entry 0: it binds the chain to the log it belongs to. */
export const genesisPrev = (origin: string, sha256: Sha256): string => encodeBase64(sha256(utf8(origin)));

/** Concatenation only, and no check of `body`: this runs while the head of the log is locked. */
export function assembleEntry(header: EntryHeader, body: string): string {
  return `${ENTRY_VERSION}\nidx ${header.index}\nprev ${header.prev}\ntime ${header.timeMs}\nstag ${header.stag ?? '-'}\n${body}\n`;
}

// 32 bytes in padded base64: 43 letters of which the last carries two zero bits, and one '='.
const HASH = quickPattern('[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=');
const NUMBER = '0|[1-9][0-9]{0,15}';
const HEADER = new RegExp(
  `^${ENTRY_VERSION}\\nidx (${NUMBER})\\nprev (${HASH})\\ntime (${NUMBER})\\nstag (-|${HASH})\\n`,
);

const integer = (digits: string, what: string): number => {
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) throw new EntryFormatError(`${what} is too large`);
  return value;
};

/** Takes only what `assembleEntry` writes. Throws EntryFormatError. */
export function parseEntry(text: string): ParsedEntry {
  if (!text.isWellFormed()) throw new EntryFormatError('an entry is well-formed text');
  if (text.length > MAX_ENTRY_BYTES || utf8Length(text) > MAX_ENTRY_BYTES)
    throw new EntryFormatError(`an entry has at most ${MAX_ENTRY_BYTES} bytes`);
  const header = HEADER.exec(text);
  if (header === null) throw new EntryFormatError(`the header is not that of ${ENTRY_VERSION}`);
  const [whole, index, prev, time, stag] = header as unknown as [string, string, string, string, string];
  const end = text.length - 1;
  const body = text.slice(whole.length, end);
  if (body === '' || text.indexOf('\n', whole.length) !== end)
    throw new EntryFormatError('the body is not one line that ends in a line feed');
  return {
    index: integer(index, 'idx'),
    prev,
    timeMs: integer(time, 'time'),
    stag: stag === '-' ? null : stag,
    body,
  };
}

/** Bytes that `text` takes in UTF-8. A text too short to matter is not encoded. */
function utf8Length(text: string): number {
  return text.length * 3 <= MAX_ENTRY_BYTES ? text.length : utf8(text).length;
}

/** Throws EntryFormatError where no header could make an entry of `body` that is short enough. */
export function checkBodyLength(body: string): void {
  if (body.length > MAX_BODY_BYTES || utf8Length(body) > MAX_BODY_BYTES)
    throw new EntryFormatError(`the body of an entry has at most ${MAX_BODY_BYTES} bytes`);
}
