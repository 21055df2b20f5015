// SHA-256 and fresh secrets as OAuth uses them: only the digest of a secret is ever stored.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
export const sha256Base64url = (text: string): string =>
  createHash('sha256').update(text).digest('base64url');

/** 256 random bits in base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** Takes the same time wherever the two differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
