// Evidence beside an entry: values that the entry commits to, sealed under the household's key (AES-256-GCM), so that what was
// asked can be shown one day, and can no longer be once the household's key is deleted.
import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { SubjectRecord } from './commitment.ts';

const nonceBytes = 12;
const tagBytes = 16;

// A few bytes of randomness at a time cost as much as a few thousand.
const pool = Buffer.alloc(nonceBytes * 512);
let used = pool.length;
function newNonce(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += nonceBytes;
  return Buffer.from(pool.subarray(used - nonceBytes, used));
}

/** Bound to this log and this request: it cannot be moved to another entry. */
const bindingOf = (origin: string, req: string): Buffer => Buffer.from(`${origin}\n${req}`);

/** nonce || ciphertext || tag over the values, an object in canonical JSON. */
export function sealEvidence(record: SubjectRecord, origin: string, req: string, values: string): Buffer {
  const nonce = newNonce();
  // As a key object: of bytes, node first asks whether they are one, which costs four times the cipher.
  const key = createSecretKey(record.encryptionKey());
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bindingOf(origin, req));
  return Buffer.concat([nonce, cipher.update(values, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** Throws where key, log, request or bytes are not those it was sealed with. */
export function openEvidence(
  record: SubjectRecord,
  origin: string,
  req: string,
  sealed: Uint8Array,
): Readonly<Record<string, JsonValue>> {
  const bytes = Buffer.from(sealed);
  const end = bytes.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', record.encryptionKey(), bytes.subarray(0, nonceBytes));
  decipher.setAAD(bindingOf(origin, req)).setAuthTag(bytes.subarray(end));
  const text = decipher.update(bytes.subarray(nonceBytes, end), undefined, 'utf8') + decipher.final('utf8');
  return JSON.parse(text);
}
