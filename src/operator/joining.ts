// How operators come to be. The first two join with a one-time code, which whoever installs the broker makes and hands over;
// every other is added by two. A code is kept as a hash, works once, for a day, and for few tries.
import { createHash, randomInt } from 'node:crypto';
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import { foundingOperators, type OperatorRole } from '../ledger/operator-acts.ts';
import { operatorStatement } from '../ledger/operator-statement.ts';
import { StabledoorError } from '../lib/errors.ts';
import { newId, newRequestId, type OperatorId, type ProposalId } from '../lib/ids.ts';
import { type NewKey, type Operator, operatorName } from './operator.ts';
import { thumbprintOf } from './operator-key.ts';
import {
  countOpenCodes,
  countWrongCode,
  insertCredential,
  insertJoiningCode,
  insertOperator,
  listOperators,
  spendCode,
} from './operator-store.ts';
import { findSigning, proven, type Signer } from './proof.ts';
import type { ProposalParts } from './proposals.ts';

export interface JoiningParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly production: boolean;
}

export const joiningCodeSeconds = 86_400;
const mostWrongCodes = 10;
/** No letter that is read as another; 20 of them are 99 bits. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const codeLetters = 20;

/** Errors: `illegal_transition` where there are two operators, or codes for them. `anew` makes open ones worthless. */
export async function makeJoiningCode(parts: JoiningParts, { anew = false } = {}): Promise<string> {
  const code = Array.from({ length: codeLetters }, () => alphabet[randomInt(alphabet.length)]).join('');
  await parts.db.transaction().execute(async (tx) => {
    const known = (await listOperators(tx)).length;
    if (parts.production && known >= foundingOperators)
      throw new StabledoorError(
        'illegal_transition',
        'The first two operators are there: another is added by two, with `stabledoor operator add`.',
      );
    if (anew) for (let tries = 0; tries < mostWrongCodes; tries++) await countWrongCode(tx, mostWrongCodes);
    if (parts.production && known + (await countOpenCodes(tx, mostWrongCodes)) >= foundingOperators)
      throw new StabledoorError(
        'illegal_transition',
        'As many codes are open as there are places: use them, or say --anew.',
      );
    await insertJoiningCode(tx, { hash: hashCode(code), lifetimeSeconds: joiningCodeSeconds });
  });
  return code.replace(/.{5}(?=.)/g, '$&-');
}

export interface Newcomer {
  readonly name: string;
  readonly role: OperatorRole;
  readonly key: NewKey;
}

/** Spends the code. `operatorId`: whom a passkey was made for. Errors: `joining_code_invalid`, `invalid_request`. */
export async function joinWithCode(
  parts: JoiningParts,
  newcomer: Newcomer,
  code: string,
  operatorId: OperatorId = newId('operator'),
): Promise<OperatorId> {
  const { db, ledger, production } = parts;
  if (production && newcomer.role !== 'administrator')
    throw new StabledoorError('invalid_request', 'The first two operators are administrators.');
  const joined = await db.transaction().execute(async (tx) => {
    if (!(await spendCode(tx, hashCode(code), mostWrongCodes))) return null;
    await ledger.appendWithin(tx, await addOperatorRow(tx, { ...newcomer, operatorId }, null));
    return operatorId;
  });
  if (joined !== null) return joined;
  await countWrongCode(db, mostWrongCodes);
  throw new StabledoorError('joining_code_invalid');
}

/** Outside production, where one operator suffices. */
export async function addOperatorAlone(
  { db, ledger }: JoiningParts,
  newcomer: Newcomer,
): Promise<OperatorId> {
  const operatorId = newId('operator');
  await db.transaction().execute(async (tx) => {
    await ledger.appendWithin(tx, await addOperatorRow(tx, { ...newcomer, operatorId }, null));
  });
  return operatorId;
}

/** A further key of an operator, on the word of one that they have. Errors: `invalid_request` for a key that is taken. */
export async function addKey(parts: ProposalParts, signer: Signer, key: NewKey): Promise<OperatorId> {
  const { db, ledger, checkPasskey } = parts;
  const signing = await findSigning(db, signer.thumbprint);
  const { operatorId } = signing.operator;
  const draft = {
    kind: 'operator.key-added',
    actor: 'operator',
    operator: operatorId,
    key: key.publicKey,
    kept_in: key.keptIn,
  } as const;
  const proof = await proven(signing, signer, operatorStatement(ledger.origin, draft), checkPasskey);
  await db.transaction().execute(async (tx) => {
    await insertKey(tx, operatorId, key);
    await ledger.appendWithin(tx, [{ req: newRequestId(), householdId: null, body: { ...draft, proof } }]);
  });
  return operatorId;
}

async function insertKey(tx: BrokerTransaction, operatorId: OperatorId, key: NewKey): Promise<void> {
  const credentialId = thumbprintOf(key.publicKey);
  if (!(await insertCredential(tx, { ...key, operatorId, credentialId })))
    throw new StabledoorError('invalid_request', 'That key is on record already: one person, one operator.');
}

/** The rows of an operator, and the entry that says so. Errors: `invalid_request` for a name or key that is taken. */
export async function addOperatorRow(
  tx: BrokerTransaction,
  newcomer: Newcomer & { readonly operatorId: OperatorId },
  proposalId: ProposalId | null,
): Promise<AppendRequest[]> {
  const { operatorId, role, key } = newcomer;
  const read = operatorName.safeParse(newcomer.name);
  if (!read.success)
    throw new StabledoorError('invalid_request', `The name: ${read.error.issues[0]?.message}.`);
  const name = read.data;
  if ((await listOperators(tx)).some((one) => isSameName(one, name)))
    throw new StabledoorError('invalid_request', `There is an operator called ${name} already.`);
  await insertOperator(tx, { operatorId, name, role, proposalId });
  await insertKey(tx, operatorId, key);
  const body = {
    kind: 'operator.added',
    actor: 'operator',
    operator: operatorId,
    role,
    key: key.publicKey,
    kept_in: key.keptIn,
    ...(proposalId === null ? {} : { proposal: proposalId }),
  } as const;
  return [{ req: newRequestId(), householdId: null, body }];
}

const isSameName = ({ name, removedAt }: Operator, other: string): boolean =>
  removedAt === null && name.toLowerCase() === other.toLowerCase();

/** A hundred random bits need no salt. Spaces, dashes and small letters are as good. */
const hashCode = (code: string): Buffer =>
  createHash('sha256').update(code.toUpperCase().replace(/[\s-]/g, ''), 'utf8').digest();
