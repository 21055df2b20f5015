// An operator's session on their page: by passkey, for an hour at most and ten minutes of quiet. It shows; it decides nothing:
// each approval is signed by itself.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import type { Database } from '../db/database.ts';
import type { OperatorId } from '../lib/ids.ts';
import { browserSubject, offerAssertion, type RelyingParty, takeAssertion } from '../passkey/passkeys.ts';
import type { Operator } from './operator.ts';
import { endOperatorSession, insertOperatorSession, useOperatorSession } from './operator-session-store.ts';
import { findOperator } from './operator-store.ts';

export const operatorSessionSeconds = 3600;
const idleSeconds = 600;
const use = 'operator-sign-in';

export interface OperatorSignInParts {
  readonly db: Database;
  readonly party: RelyingParty;
}

export interface OperatorSession {
  readonly operator: Operator;
  /** What each form of this session must bring back. */
  readonly formToken: string;
}

/** `browser` is a secret that the browser must bring back with the answer. */
export async function offerOperatorSignIn(
  parts: OperatorSignInParts,
): Promise<{ browser: string; options: PublicKeyCredentialRequestOptionsJSON }> {
  const browser = randomBytes(32).toString('base64url');
  return { browser, options: await offerAssertion(parts, { use, subject: browserSubject(browser) }) };
}

/** The token of a new session; null where the answer signs no operator in. */
export async function openOperatorSession(
  parts: OperatorSignInParts,
  { browser, answer }: { browser: string; answer: string },
): Promise<string | null> {
  const subject = browserSubject(browser);
  const used = await takeAssertion(parts, { use, subject, ownerKind: 'operator', answer });
  const operator = used && (await findOperator(parts.db, used.passkey.owner));
  if (!operator || operator.removedAt !== null) return null;
  const token = randomBytes(32).toString('base64url');
  await insertOperatorSession(parts.db, {
    tokenHash: hashOf(token),
    operatorId: operator.operatorId,
    lifetimeSeconds: operatorSessionSeconds,
  });
  return token;
}

export async function readOperatorSession(db: Database, token: string): Promise<OperatorSession | null> {
  const operatorId: OperatorId | null = await useOperatorSession(db, hashOf(token), idleSeconds);
  const operator = operatorId && (await findOperator(db, operatorId));
  return operator ? { operator, formToken: formTokenOf(token) } : null;
}

export const closeOperatorSession = (db: Database, token: string): Promise<void> =>
  endOperatorSession(db, hashOf(token));

export function isFormTokenOf({ formToken }: OperatorSession, given: unknown): boolean {
  if (typeof given !== 'string') return false;
  const [expected, actual] = [Buffer.from(formToken), Buffer.from(given)];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest();
const formTokenOf = (token: string): string =>
  createHmac('sha256', token).update('operator-form/v1').digest('base64url');
