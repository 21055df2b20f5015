// A signed-in occupier's session: a random token in a cookie, of which only the hash is kept.
// Its form token is derived from it, so that a form can be checked without another secret to store.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { HouseholdId, OccupierId } from '../lib/ids.ts';
import { deleteOldSessions, endSession, findSession, insertSession, touchSession } from './session-store.ts';
import { finishSignIn, hashSecret } from './sign-in.ts';

export const sessionLifetimeSeconds = 12 * 3600;
const idleSeconds = 30 * 60;
const staleSeconds = 60;

export type SignedInBy = 'code' | 'passkey';

export interface Session {
  readonly occupierId: OccupierId;
  readonly householdId: HouseholdId;
  readonly email: string;
  /** What its occupier proved with. */
  readonly signedInBy: SignedInBy;
  /** What each form of this session must bring back. */
  readonly formToken: string;
}

export interface OpenedSession {
  readonly token: string;
  readonly returnTo: string;
}

/** Spends the code and opens a session in one transaction; null where the code does not sign anybody in. */
export async function openSession(
  database: Database,
  attempt: { challenge: string; code: string },
): Promise<OpenedSession | null> {
  let token = '';
  const signedIn = await finishSignIn(database, attempt, async (tx, { occupierId }) => {
    token = await beginSession(tx, occupierId, 'code');
  });
  return signedIn && { token, returnTo: signedIn.returnTo };
}

/** Gives the token of a new session, of which only the hash is kept. */
export async function beginSession(
  tx: BrokerTransaction,
  occupierId: OccupierId,
  signedInBy: SignedInBy,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await deleteOldSessions(tx);
  const lifetimeSeconds = sessionLifetimeSeconds;
  await insertSession(tx, { tokenHash: hashSecret(token), occupierId, lifetimeSeconds, signedInBy });
  return token;
}

/** Null where there is no such session, it was ended, was idle for 30 minutes, or is 12 hours old. */
export async function readSession(database: Database, token: string): Promise<Session | null> {
  const tokenHash = hashSecret(token);
  const row = await findSession(database, tokenHash, { idleSeconds, staleSeconds });
  if (row === null) return null;
  if (row.stale) await touchSession(database, tokenHash);
  return {
    occupierId: row.occupierId,
    householdId: row.householdId,
    email: row.email,
    signedInBy: row.signedInBy,
    formToken: formTokenOf(token),
  };
}

export const closeSession = (database: Database, token: string): Promise<void> =>
  endSession(database, hashSecret(token));

const formTokenOf = (token: string): string =>
  createHmac('sha256', token).update('form/v1').digest('base64url');

export function isFormToken(session: Session, given: unknown): boolean {
  if (typeof given !== 'string') return false;
  const [expected, actual] = [Buffer.from(session.formToken), Buffer.from(given)];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
