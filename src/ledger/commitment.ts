// Salted commitments, household tags and the keys of payload rows, from one household's subject key.
// Nothing here may be guessable without that key: deleting it is what erases a person from the ledger.
import { hash } from 'node:crypto';
import { encodeBase64 } from '../lib/base64.ts';
import { canonicalJson, type JsonValue } from '../lib/canonical-json.ts';
import { isFieldName } from './entry-field.ts';

export const SUBJECT_KEY_BYTES = 32;

/** One household's key within one log. Made once for a household and kept: it saves two HMACs an entry. */
export interface Subject {
  /** base64: the household's tag for its `sequence`-th entry, from 0. Unlinkable without the key. */
  tag(sequence: number): string;
  record(request: string): SubjectRecord;
}

/** What belongs to one request of that household. */
export interface SubjectRecord {
  /** base64: what stands in the body as `commit[field]`. */
  commit(field: string, value: JsonValue): string;
  /** 32 bytes: with the value, what the householder needs to open the commitment. */
  salt(field: string): Uint8Array;
  /** 32 bytes for AES-256-GCM over the payload row. */
  encryptionKey(): Uint8Array;
}

export function openSubject(subjectKey: Uint8Array, origin: string): Subject {
  if (subjectKey.length !== SUBJECT_KEY_BYTES) throw new TypeError('a subject key has 32 bytes');
  const chainKey = expand(extract(NO_SALT, subjectKey), 'chain/v1');
  const recordSecret = extract(Buffer.from(origin), subjectKey);
  return {
    tag(sequence) {
      if (!Number.isSafeInteger(sequence) || sequence < 0)
        throw new RangeError('a sequence number is an integer from 0');
      return hmac(chainKey, Buffer.from(String(sequence))).toString('base64');
    },
    record: (request) => openRecord(expand(recordSecret, `record/v1${request}`)),
  };
}

function openRecord(recordKey: Buffer): SubjectRecord {
  const secret = extract(NO_SALT, recordKey);
  const salt = (field: string): Buffer => {
    if (!isFieldName(field)) throw new TypeError('a field name is of lower-case letters, digits and _');
    return expand(secret, `salt/v1/${field}`);
  };
  return {
    salt,
    commit: (field, value) => commitment(field, salt(field), value),
    encryptionKey: () => expand(secret, 'enc/v1'),
  };
}

/** base64 of SHA-256("stabledoor/commit/v1\n" field "\n" salt JCS(value)): how anyone opens a commitment. */
export function commitment(field: string, salt: Uint8Array, value: JsonValue): string {
  const parts = [Buffer.from(`stabledoor/commit/v1\n${field}\n`), salt, Buffer.from(canonicalJson(value))];
  return encodeBase64(hash('sha256', Buffer.concat(parts), 'buffer'));
}

// HKDF-SHA256 (RFC 5869) for outputs of one block, over one-shot hashes: node's createHmac and hkdfSync look their
// algorithm up anew each time and take five times as long, and this runs several times for every read.
const BLOCK_BYTES = 64;
const NO_SALT = Buffer.alloc(32);

const extract = (salt: Uint8Array, input: Uint8Array): Buffer => hmac(salt, input);
const expand = (secret: Uint8Array, info: string): Buffer => hmac(secret, Buffer.from(`${info}\x01`));

/** RFC 2104. */
function hmac(key: Uint8Array, message: Uint8Array): Buffer {
  const short = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
  const inner = padded(short, 0x36, message);
  return hash('sha256', padded(short, 0x5c, hash('sha256', inner, 'buffer')), 'buffer');
}

function padded(key: Uint8Array, pad: number, message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES + message.length, pad);
  for (let i = 0; i < key.length; i++) bytes[i] = (key[i] as number) ^ pad;
  bytes.set(message, BLOCK_BYTES);
  return bytes;
}
