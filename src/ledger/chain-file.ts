// A household's chain as one file (stabledoor/chain/v1, docs/household-chain.md): its entries, each shown to be in the log, what
// opens their commitments, and a proof that there is no next one. Whoever holds the file can follow the household's entries.
import { z } from 'zod';
import { canonicalJson, type JsonValue } from '../lib/canonical-json.ts';
import { type Sha256, utf8 } from './crypto.ts';
import { MAX_ENTRY_BYTES } from './entry.ts';
import { hash, isFieldName, line, wholeNumber } from './entry-field.ts';
import { isPlainJson } from './plain-json.ts';

export const CHAIN_FORMAT = 'stabledoor/chain/v1';
/** Entries in one file; a longer chain takes several. */
export const MAX_CHAIN_ENTRIES = 2000;

const proof = z.array(hash).max(63);
const entry = z.string().min(1).max(MAX_ENTRY_BYTES);
const opening = z.strictObject({
  /** 32 bytes. */
  salt: hash,
  /** Absent where the broker does not hold it: of the readings themselves, which are in the meter store alone. */
  value: z.json().exactOptional(),
});

const chainFile = z.strictObject({
  format: z.literal(CHAIN_FORMAT),
  origin: line(255),
  /** When the file was made, by the clock of the log. */
  exported_ms: wholeNumber,
  /** 32 bytes: makes the household's tags. */
  chain_key: hash,
  /** Number of the first entry of this file in the household's chain, from 0. */
  first: wholeNumber,
  /** All proofs lead to this one. */
  checkpoint: z.string().min(1).max(100_000),
  entries: z
    .array(z.strictObject({ entry, proof, opened: z.record(z.string().refine(isFieldName), opening) }))
    .max(MAX_CHAIN_ENTRIES),
  /** Null where there are more entries than this file holds, or no map has been published. */
  absence: z.nullable(
    z.strictObject({
      /** A `map.published` of the log. */
      entry,
      proof,
      /** The way to the next tag in each span. */
      spans: z
        .array(
          z.strictObject({
            root: hash,
            siblings: z.array(hash).max(256),
            found: z.nullable(z.strictObject({ tag: hash, leaf: hash })),
          }),
        )
        .max(100_000),
    }),
  ),
});

export type ChainFile = z.infer<typeof chainFile>;
export type ChainEntry = ChainFile['entries'][number];
export type ChainOpening = ChainEntry['opened'][string];

export class ChainFormatError extends Error {
  override readonly name = 'ChainFormatError';
}

export const formatChainFile = (file: ChainFile): string => `${JSON.stringify(file, null, 1)}\n`;

/** Throws ChainFormatError. */
export function parseChainFile(text: string): ChainFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ChainFormatError('it is not JSON');
  }
  if (!isPlainJson(value)) throw new ChainFormatError('it nests too deep, or has a name that is none');
  const result = chainFile.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ChainFormatError(`${issue?.path.join('.') || 'the file'}: ${issue?.message}`);
}

/** Whether salt and value open that commitment, as commitment.ts makes it; here without Node, for a browser. */
export function opens(
  commitment: Uint8Array,
  field: string,
  { salt, value }: { readonly salt: Uint8Array; readonly value: JsonValue },
  sha256: Sha256,
): boolean {
  let text: string;
  try {
    text = canonicalJson(value);
  } catch {
    return false;
  }
  const found = sha256(joined(utf8(`stabledoor/commit/v1\n${field}\n`), salt, utf8(text)));
  return found.every((byte, i) => byte === commitment[i]) && commitment.length === found.length;
}

/** The household's tag for its `number`-th entry: HMAC-SHA256 (RFC 2104) of the number in decimal. */
export function tagOf(chainKey: Uint8Array, number: number, sha256: Sha256): Uint8Array {
  const pad = (byte: number) => Uint8Array.from({ length: 64 }, (_, i) => byte ^ (chainKey[i] ?? 0));
  return sha256(joined(pad(0x5c), sha256(joined(pad(0x36), utf8(String(number))))));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
