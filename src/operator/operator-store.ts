// The SQL of operators, their keys and the codes that the first of them join with.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { OperatorRole } from '../ledger/operator-acts.ts';
import type { OperatorId, ProposalId } from '../lib/ids.ts';
import type { Credential, Operator } from './operator.ts';

const now = sql<Date>`ledger.now()`;

const selectOperators = (store: Store) =>
  store
    .selectFrom('operator.operator as o')
    .select(['o.operator_id', 'o.name', 'o.role', 'o.added_at', 'o.removed_at']);

type OperatorRow = Awaited<ReturnType<ReturnType<typeof selectOperators>['execute']>>[number];

const operatorOf = (row: OperatorRow): Operator => ({
  operatorId: row.operator_id as OperatorId,
  name: row.name,
  role: row.role as OperatorRole,
  addedAt: row.added_at,
  removedAt: row.removed_at,
});

/** In the order in which they came, at most 1,000. */
export async function listOperators(store: Store): Promise<Operator[]> {
  const rows = await selectOperators(store)
    .orderBy('o.added_at')
    .orderBy('o.operator_id')
    .limit(1000)
    .execute();
  return rows.map(operatorOf);
}

export async function findOperator(store: Store, operatorId: string): Promise<Operator | null> {
  const row = await selectOperators(store).where('o.operator_id', '=', operatorId).executeTakeFirst();
  return row ? operatorOf(row) : null;
}

/** Locks them: none of them is removed before the transaction ends. */
export async function holdOperators(
  tx: BrokerTransaction,
  operatorIds: readonly string[],
): Promise<Operator[]> {
  const rows = await selectOperators(tx)
    .where('o.operator_id', 'in', [...operatorIds])
    .orderBy('o.operator_id')
    .forShare()
    .execute();
  return rows.map(operatorOf);
}

export async function findCredential(
  store: Store,
  by: { readonly credentialId: string } | { readonly passkeyId: string },
): Promise<Credential | null> {
  const row = await store
    .selectFrom('operator.credential')
    .select(['credential_id', 'operator_id', 'kept_in', 'public_key', 'passkey_id'])
    .where((eb) =>
      'passkeyId' in by ? eb('passkey_id', '=', by.passkeyId) : eb('credential_id', '=', by.credentialId),
    )
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    credentialId: row.credential_id,
    operatorId: row.operator_id as OperatorId,
    keptIn: row.kept_in,
    publicKey: row.public_key,
    passkeyId: row.passkey_id,
  };
}

export async function listCredentials(store: Store): Promise<Omit<Credential, 'passkeyId'>[]> {
  const rows = await store
    .selectFrom('operator.credential')
    .select(['credential_id', 'operator_id', 'kept_in', 'public_key'])
    .orderBy('added_at')
    .orderBy('credential_id')
    .limit(2000)
    .execute();
  return rows.map((row) => ({
    credentialId: row.credential_id,
    operatorId: row.operator_id as OperatorId,
    keptIn: row.kept_in,
    publicKey: row.public_key,
  }));
}

export async function insertOperator(
  tx: BrokerTransaction,
  operator: { operatorId: OperatorId; name: string; role: string; proposalId: ProposalId | null },
): Promise<void> {
  await tx
    .insertInto('operator.operator')
    .values({
      operator_id: operator.operatorId,
      name: operator.name,
      role: operator.role,
      added_at: now,
      proposal_id: operator.proposalId,
    })
    .execute();
}

/** False where somebody has that key already. */
export async function insertCredential(tx: BrokerTransaction, credential: Credential): Promise<boolean> {
  const added = await tx
    .insertInto('operator.credential')
    .values({
      credential_id: credential.credentialId,
      operator_id: credential.operatorId,
      kept_in: credential.keptIn,
      public_key: credential.publicKey,
      passkey_id: credential.passkeyId,
      added_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('credential_id')
    .executeTakeFirst();
  return added !== undefined;
}

/** False where there is no such operator, or none any more. */
export async function removeOperatorRow(
  tx: BrokerTransaction,
  operatorId: string,
  proposalId: ProposalId | null,
): Promise<boolean> {
  const removed = await tx
    .updateTable('operator.operator')
    .set({ removed_at: now, removal_id: proposalId })
    .where('operator_id', '=', operatorId)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return removed.numUpdatedRows === 1n;
}

export async function insertJoiningCode(
  tx: BrokerTransaction,
  code: { hash: Buffer; lifetimeSeconds: number },
): Promise<void> {
  await tx
    .insertInto('operator.joining_code')
    .values({
      code_hash: code.hash,
      made_at: now,
      expires_at: sql<Date>`ledger.now() + ${code.lifetimeSeconds} * interval '1 second'`,
    })
    .execute();
}

/** How many codes could still be used. */
export async function countOpenCodes(store: Store, mostTries: number): Promise<number> {
  const row = await store
    .selectFrom('operator.joining_code')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('used_at', 'is', null)
    .where('tries', '<', mostTries)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** A code that is none counts against each that is open: whoever guesses makes all of them worthless. */
export async function countWrongCode(store: Store, mostTries: number): Promise<void> {
  await store
    .updateTable('operator.joining_code')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where('used_at', 'is', null)
    .where('tries', '<', mostTries)
    .execute();
}

/** True for one caller only. */
export async function spendCode(
  tx: BrokerTransaction,
  codeHash: Buffer,
  mostTries: number,
): Promise<boolean> {
  const row = await tx
    .updateTable('operator.joining_code')
    .set({ used_at: now })
    .where('code_hash', '=', codeHash)
    .where('used_at', 'is', null)
    .where('tries', '<', mostTries)
    .where('expires_at', '>', now)
    .returning('code_hash')
    .executeTakeFirst();
  return row !== undefined;
}
