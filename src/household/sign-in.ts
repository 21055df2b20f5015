// Sign-in by a code sent to the occupier's e-mail address: short-lived, single-use, few tries, kept as a salted hash.
// Whether an address is known is never to be seen: the same answer, the same work, only the mail differs.
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { OccupierId } from '../lib/ids.ts';
import { parseEmailAddress } from './email-address.ts';
import { findOccupierByEmail, lockName } from './household-store.ts';
import {
  consumeSignIn,
  countRecentSignIns,
  countTry,
  deleteOldSignIns,
  insertSignIn,
} from './sign-in-store.ts';

export const codeLifetimeSeconds = 600;
const mostTries = 5;
const codeDigits = 8;
/** Codes for one address within an hour: sent, and so many that can be guessed at. */
const mostCodesAnHour = 10;

/** Sends the code; must return at once and never throw. `challenge` names the sign-in it belongs to. */
export type SendCode = (message: { email: string; code: string; challenge: string }) => void;

/**
 * Begins a sign-in and gives its challenge, a secret that the browser must bring back with the code.
 * `returnTo` is a path of ours that was checked before.
 */
export async function beginSignIn(
  database: Database,
  sendCode: SendCode,
  { email, returnTo, mostAnHour = mostCodesAnHour }: { email: string; returnTo: string; mostAnHour?: number },
): Promise<string> {
  const address = parseEmailAddress(email) ?? '';
  const challenge = randomBytes(32).toString('base64url');
  const code = String(randomInt(10 ** codeDigits)).padStart(codeDigits, '0');
  const salt = randomBytes(16);
  const occupier = await database.transaction().execute(async (tx) => {
    // One at a time for each address, known or not: side by side, each would count none of the others.
    await lockName(tx, `sign-in ${address}`);
    const known = await findOccupierByEmail(tx, address);
    const recent = await countRecentSignIns(tx, known?.occupierId ?? null, 3600);
    // Beyond the limit it is nobody's: a code that was not sent could still be guessed, five tries at a time.
    const served = recent < mostAnHour ? known : null;
    await insertSignIn(tx, {
      challengeHash: hashSecret(challenge),
      occupierId: served?.occupierId ?? null,
      salt,
      codeHash: hashCode(salt, code),
      returnTo,
      lifetimeSeconds: codeLifetimeSeconds,
    });
    return served;
  });
  await deleteOldSignIns(database);
  if (occupier !== null) sendCode({ email: occupier.email, code, challenge });
  return challenge;
}

export interface SignedIn {
  readonly occupierId: OccupierId;
  readonly returnTo: string;
}

/**
 * Null for a wrong code, an unknown challenge, or one whose time, tries or single use are over: they look alike.
 * `within` runs in the transaction that spends the code.
 */
export async function finishSignIn(
  database: Database,
  { challenge, code }: { challenge: string; code: string },
  within: (tx: BrokerTransaction, signedIn: SignedIn) => Promise<void>,
): Promise<SignedIn | null> {
  const challengeHash = hashSecret(challenge);
  // Committed on its own: a try counts even when what follows fails.
  const counted = await countTry(database, challengeHash, mostTries);
  if (counted === null) return null;
  const { occupierId, salt, codeHash, returnTo } = counted;
  const right = timingSafeEqual(hashCode(salt, code.replace(/\s/g, '')), codeHash);
  if (!right || occupierId === null) return null;
  return database.transaction().execute(async (tx) => {
    if (!(await consumeSignIn(tx, challengeHash))) return null;
    await within(tx, { occupierId, returnTo });
    return { occupierId, returnTo };
  });
}

/** For secrets of 256 random bits, which need no salt. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret, 'utf8').digest();

const hashCode = (salt: Buffer, code: string): Buffer =>
  createHash('sha256').update(salt).update(code, 'utf8').digest();
