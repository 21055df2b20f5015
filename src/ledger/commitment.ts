// Salted commitments, household tags and the keys of payload rows, from one household's subject key.
// Nothing here may be guessable without that key: deleting it is what erases a person from the ledger.
import { hash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../lib/canonical-json.ts';
import { isFieldName } from './entry-field.ts';

export const SUBJECT_KEY_BYTES = 32;

/** One household's key within one log. Made once for a household and kept: it saves two HMACs an entry. */
export interface Subject {
  /** base64: the household's tag for its `sequence`-th entry, from 0. Unlinkable without the key. */
  tag(sequence: number): string;
  /** 32 bytes: what makes the tags and opens nothing. For the household itself. */
  readonly chainKey: Uint8Array;
  record(request: string): SubjectRecord;
}

/** What belongs to one request of that household. */
export interface SubjectRecord {
  /** base64: what stands in the body as `commit[field]`. */
  commit(field: string, value: JsonValue): string;
  /** The same, of a value in canonical JSON. */
  commitText(field: string, canonical: string): string;
  /** 32 bytes: with the value, what the householder needs to open the commitment. */
  salt(field: string): Uint8Array;
  /** 32 bytes for AES-256-GCM over the payload row. */
  encryptionKey(): Uint8Array;
}

/**
 * In a log that succeeds another the tags hang on its name: entries of the former log that are lost may bear the first
 * tags of the plain count, and no two logs may show that they speak of one home.
 */
export function openSubject(subjectKey: Uint8Array, origin: string, isSuccessor = false): Subject {
  if (subjectKey.length !== SUBJECT_KEY_BYTES) throw new TypeError('a subject key has 32 bytes');
  const salted = keyedHash(Buffer.from(origin))(subjectKey);
  const chainKey = expand(isSuccessor ? salted : extractUnsalted(subjectKey), 'chain/v1');
  const chain = keyedHash(chainKey);
  const records = keyedHash(salted);
  return {
    chainKey,
    tag(sequence) {
      if (!Number.isSafeInteger(sequence) || sequence < 0)
        throw new RangeError('a sequence number is an integer from 0');
      return chain(String(sequence)).toString('base64');
    },
    record: (request) => openRecord(records(`record/v1${request}\x01`)),
  };
}

function openRecord(recordKey: Buffer): SubjectRecord {
  const secret = keyedHash(extractUnsalted(recordKey));
  const salt = (field: string): Buffer => {
    if (!isFieldName(field)) throw new TypeError('a field name is of lower-case letters, digits and _');
    return secret(`salt/v1/${field}\x01`);
  };
  return {
    salt,
    commit: (field, value) => commitment(field, salt(field), value),
    commitText: (field, canonical) => textCommitment(field, salt(field), canonical),
    encryptionKey: () => secret('enc/v1\x01'),
  };
}

/** base64 of SHA-256("stabledoor/commit/v1\n" field "\n" salt JCS(value)): how anyone opens a commitment. */
export const commitment = (field: string, salt: Uint8Array, value: JsonValue): string =>
  textCommitment(field, salt, canonicalJson(value));

function textCommitment(field: string, salt: Uint8Array, canonical: string): string {
  const parts = [Buffer.from(`stabledoor/commit/v1\n${field}\n`), salt, Buffer.from(canonical)];
  return hash('sha256', Buffer.concat(parts), 'base64');
}

// HKDF-SHA256 (RFC 5869) for outputs of one block, over one-shot hashes: node's createHmac and hkdfSync look their
// algorithm up anew each time and take ten times as long, and this runs a dozen times for every read.
const BLOCK_BYTES = 64;
/** Room for three bytes a letter of `salt/v1/` and a field name of 64 letters, the longest message. */
const MESSAGE_BYTES = 256;
const expand = (secret: Uint8Array, info: string): Buffer => keyedHash(secret)(`${info}\x01`);

/**
 * HMAC-SHA256 (RFC 2104) under one key, which is padded once; messages are short here. The digest between is text: one
 * byte a letter costs half of what a buffer does.
 */
function keyedHash(key: Uint8Array): (message: string | Uint8Array) => Buffer {
  const short = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
  const inner = Buffer.allocUnsafe(BLOCK_BYTES + MESSAGE_BYTES).fill(0x36, 0, BLOCK_BYTES);
  const outer = Buffer.allocUnsafe(BLOCK_BYTES + 32).fill(0x5c, 0, BLOCK_BYTES);
  for (let i = 0; i < short.length; i++) {
    inner[i] = (short[i] as number) ^ 0x36;
    outer[i] = (short[i] as number) ^ 0x5c;
  }
  return (message) => {
    const digest = hash('sha256', inner.subarray(0, BLOCK_BYTES + put(message, inner)), 'binary');
    outer.write(digest, BLOCK_BYTES, 'binary');
    return Buffer.from(hash('sha256', outer, 'binary'), 'binary');
  };
}

function put(message: string | Uint8Array, block: Buffer): number {
  // A letter takes at most three bytes: what is longer could be cut short by write.
  if (message.length * (typeof message === 'string' ? 3 : 1) > MESSAGE_BYTES)
    throw new RangeError('a message is too long for its place');
  if (typeof message === 'string') return block.write(message, BLOCK_BYTES);
  block.set(message, BLOCK_BYTES);
  return message.length;
}

/** HKDF-Extract with the salt that the RFC takes where none is given: zeros. */
const extractUnsalted = keyedHash(Buffer.alloc(32));
