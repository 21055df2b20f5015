// Sign-in with a passkey, beside the mailed code. Nobody is named beforehand: the passkey itself says whose it is, so that
// the page shows nothing of who is known.
import { randomBytes } from 'node:crypto';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import type { Database } from '../db/database.ts';
import type { OccupierId } from '../lib/ids.ts';
import {
  browserSubject,
  offerAssertion,
  type PasskeyOwner,
  type RelyingParty,
  takeAssertion,
} from '../passkey/passkeys.ts';
import { beginSession } from './session.ts';

export interface PasskeySignInParts {
  readonly db: Database;
  readonly party: RelyingParty;
}

const use = 'occupier-sign-in';

export const ownerOf = (occupierId: OccupierId): PasskeyOwner => occupierId as string as PasskeyOwner;

/** `browser` is a secret that the browser must bring back with the answer. */
export async function offerPasskeySignIn(
  parts: PasskeySignInParts,
): Promise<{ browser: string; options: PublicKeyCredentialRequestOptionsJSON }> {
  const browser = randomBytes(32).toString('base64url');
  return { browser, options: await offerAssertion(parts, { use, subject: browserSubject(browser) }) };
}

/** The token of a new session; null where the answer signs nobody in. */
export async function openPasskeySession(
  parts: PasskeySignInParts,
  { browser, answer }: { browser: string; answer: string },
): Promise<string | null> {
  const subject = browserSubject(browser);
  const used = await takeAssertion(parts, { use, subject, ownerKind: 'occupier', answer });
  if (used === null) return null;
  const occupierId = used.passkey.owner as string as OccupierId;
  return parts.db.transaction().execute((tx) => beginSession(tx, occupierId, 'passkey'));
}
