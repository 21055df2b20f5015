// A link that stops one consent without signing in. Whoever holds it can stop that consent and do nothing else: it cannot
// be guessed (256 random bits), is kept as a hash only, and stopping is all that it is for.
import { createHash, randomBytes } from 'node:crypto';
import type { Store } from '../db/database.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { ConsentId, OccupierId } from '../lib/ids.ts';
import { countStopLinks, findStopLink, insertStopLink } from './stop-link-store.ts';

const hashOf = (token: string): Buffer => createHash('sha256').update(`stop ${token}`).digest();
/** So that nobody fills a table by asking for a receipt again and again. */
const mostLinks = 1000;

/** The link is known to whoever gets it, and to nobody else from then on. Errors: `rate_limited`. */
export async function makeStopLink(store: Store, issuer: string, consentId: ConsentId): Promise<string> {
  if ((await countStopLinks(store, consentId)) >= mostLinks) throw new StabledoorError('rate_limited');
  const token = randomBytes(32).toString('base64url');
  await insertStopLink(store, hashOf(token), consentId);
  return `${issuer}/stop/${token}`;
}

/** Null for anything that is no such link. */
export async function openStopLink(
  store: Store,
  token: unknown,
): Promise<{ consentId: ConsentId; occupierId: OccupierId } | null> {
  if (typeof token !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(token)) return null;
  return findStopLink(store, hashOf(token));
}
