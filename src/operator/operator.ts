// An operator: a person with a name, a role and keys of their own. Two keys are still one person.
import { z } from 'zod';
import { type OperatorRole, operatorRoles } from '../ledger/operator-acts.ts';
import type { OperatorId } from '../lib/ids.ts';

export interface Operator {
  readonly operatorId: OperatorId;
  readonly name: string;
  readonly role: OperatorRole;
  readonly addedAt: Date;
  readonly removedAt: Date | null;
}

/** A public key on record, and what the page needs to ask for it. */
export interface Credential {
  /** The thumbprint (RFC 7638) of the public key. */
  readonly credentialId: string;
  readonly operatorId: OperatorId;
  readonly keptIn: 'file' | 'passkey';
  /** A JWK in canonical form. */
  readonly publicKey: string;
  /** The name that an authenticator gave it. */
  readonly passkeyId: string | null;
}

export type NewKey = Pick<Credential, 'keptIn' | 'publicKey' | 'passkeyId'>;

// Control and format characters would let one name pass for another.
export const operatorName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .refine((text) => text.isWellFormed() && !/\p{C}/u.test(text), 'has characters that cannot be seen');

export const operatorRole = z.enum(operatorRoles);
