// Everything that an outsider could try on a commitment or a tag with what is public: bare hashes of a value, the
// commitment's own form with a salt that is public or none, and HMACs with public keys.
import { hash } from 'node:crypto';
import { openSubject } from '../../src/ledger/commitment.ts';
import type { JsonValue } from '../../src/lib/canonical-json.ts';

const bytesOf = (text: string): Buffer => hash('sha256', text, 'buffer');

/** Salts and keys that need no secret: none, zeros, and every public text as it is hashed. */
export const publicSalts = (texts: readonly string[]): Buffer[] => [
  Buffer.alloc(0),
  Buffer.alloc(32),
  ...texts.map(bytesOf),
];

function prefixesOf(field: string, salts: readonly Buffer[]): Buffer[] {
  const form = Buffer.from(`stabledoor/commit/v1\n${field}\n`);
  const blocks = salts
    .filter((salt) => salt.length > 0)
    .map((key) => Buffer.concat([key, Buffer.alloc(64 - key.length)]));
  return [
    Buffer.alloc(0),
    ...salts.filter((salt) => salt.length > 0),
    ...salts.map((salt) => Buffer.concat([form, salt])),
    // The inner half of an HMAC: whoever finds that has found the key.
    ...(blocks.map((block) => block.map((byte) => byte ^ 0x36)) as Buffer[]),
  ];
}

export interface Found {
  readonly text: string;
  readonly field: string;
}

/**
 * Tries the canonical JSON of each value, in each way to hash it, on the wanted commitments (base64). Returns what matched, and how many
 * hashes it took, so that a test can tell a search that found nothing from one that did not search.
 */
export function guess(
  wanted: ReadonlySet<string>,
  field: string,
  texts: Iterable<string>,
  salts: readonly Buffer[],
): { found: Found[]; tried: number } {
  const found: Found[] = [];
  let tried = 0;
  const outer = salts
    .filter((salt) => salt.length > 0)
    .map((key) => Buffer.concat([key, Buffer.alloc(64 - key.length)]).map((byte) => byte ^ 0x5c) as Buffer);
  const prefixes = prefixesOf(field, salts);
  const innerFrom = prefixes.length - outer.length;
  for (const text of texts) {
    const bytes = Buffer.from(text);
    prefixes.forEach((prefix, i) => {
      const message = Buffer.concat([prefix, bytes]);
      tried += 1;
      const digest =
        i < innerFrom
          ? hash('sha256', message, 'base64')
          : hash(
              'sha256',
              Buffer.concat([outer[i - innerFrom] as Buffer, hash('sha256', message, 'buffer')]),
              'base64',
            );
      if (wanted.has(digest)) found.push({ text, field });
    });
  }
  return { found, tried };
}

/** As the ledger itself would do it, for a household whose key was made of something public. */
export function guessedKeys(
  texts: readonly string[],
  origin: string,
  req: string,
  fields: Readonly<Record<string, JsonValue>>,
): string[] {
  return publicSalts(texts)
    .filter((key) => key.length === 32)
    .flatMap((key) => {
      const subject = openSubject(key, origin);
      const record = subject.record(req);
      return [
        ...Object.entries(fields).map(([field, value]) => record.commit(field, value)),
        ...Array.from({ length: 50 }, (_, sequence) => subject.tag(sequence)),
      ];
    });
}
