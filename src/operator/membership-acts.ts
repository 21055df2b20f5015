// Adding and removing operators are acts of two as well: else one could make a second of themselves.
import { z } from 'zod';
import type { Store } from '../db/database.ts';
import { foundingOperators, type OperatorRole } from '../ledger/operator-acts.ts';
import { StabledoorError } from '../lib/errors.ts';
import { idPattern, newId, newRequestId, type OperatorId } from '../lib/ids.ts';
import { findPasskey } from '../passkey/passkey-store.ts';
import { type Act, defineAct, proposalField } from './act.ts';
import { addOperatorRow } from './joining.ts';
import { operatorName, operatorRole } from './operator.ts';
import { OperatorKeyFault, publicKeyText, thumbprintOf } from './operator-key.ts';
import { findOperator, listOperators, removeOperatorRow } from './operator-store.ts';

/** A public key as somebody hands it over: a JWK, or what the joining page shows for a passkey. */
export const newKey = z
  .object({
    key: z.unknown(),
    passkey_id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,1400}$/)
      .optional(),
  })
  .transform(({ key, passkey_id: passkeyId }, context) => {
    try {
      const publicKey = publicKeyText(key);
      return { keptIn: passkeyId ? 'passkey' : 'file', publicKey, passkeyId: passkeyId ?? null } as const;
    } catch (error) {
      if (!(error instanceof OperatorKeyFault)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

const addInput = z.strictObject({ name: operatorName, role: operatorRole, public_key: newKey });

const addOperator = defineAct({
  name: 'operator-add',
  title: 'add an operator',
  takes: '{"name", "role", "public_key": {"key": JWK, "passkey_id"?}}',
  input: addInput,
  prepare: async (store, { name, role, public_key }) => ({
    operator: await operatorIdOf(store, public_key.passkeyId),
    name,
    role: role as string,
    key: public_key.publicKey,
    kept_in: public_key.keptIn as string,
    passkey_id: public_key.passkeyId,
  }),
  said: ({ operator, role, key }) => ({ operator, role, key }),
  words: ({ name, role, key, kept_in }) => [
    ['Name', name],
    ['Role', role],
    ['Key', `${thumbprintOf(key)}, in a ${kept_in}`],
  ],
  within: (tx, { operator, name, role, key, kept_in, passkey_id }, { proposalId }) =>
    addOperatorRow(
      tx,
      {
        operatorId: operator as OperatorId,
        name,
        role: role as OperatorRole,
        key: { keptIn: kept_in === 'passkey' ? 'passkey' : 'file', publicKey: key, passkeyId: passkey_id },
      },
      proposalId,
    ),
});

const removeOperator = defineAct({
  name: 'operator-remove',
  title: 'remove an operator',
  takes: '{"operator"}',
  input: z.strictObject({ operator: z.string().regex(idPattern('operator')) }),
  async prepare(store, { operator }) {
    const found = await findOperator(store, operator);
    if (found === null || found.removedAt !== null)
      throw new StabledoorError('not_found', `There is no operator ${operator}.`);
    return { operator, name: found.name };
  },
  said: ({ operator }) => ({ operator }),
  words: ({ operator, name }) => [
    ['Name', name],
    ['Operator', operator],
  ],
  async within(tx, { operator }, done) {
    if (!(await removeOperatorRow(tx, operator, done.proposalId)))
      throw new StabledoorError('illegal_transition', 'That operator was removed already.');
    await requireTwoLeft(tx);
    const body = { kind: 'operator.removed', actor: 'operator', operator, ...proposalField(done) } as const;
    return [{ req: newRequestId(), householdId: null, body }];
  },
});

/** A passkey was made for one operator to be, before two let them in. Errors: `invalid_request`. */
async function operatorIdOf(store: Store, passkeyId: string | null): Promise<string> {
  if (passkeyId === null) return newId('operator');
  const passkey = await findPasskey(store, Buffer.from(passkeyId, 'base64url'));
  if (passkey?.owner.startsWith('operator_')) return passkey.owner;
  throw new StabledoorError('invalid_request', 'There is no such passkey: it is made on the joining page.');
}

/** Else nobody could ever add one again. */
async function requireTwoLeft(store: Store): Promise<void> {
  const left = (await listOperators(store)).filter(
    ({ role, removedAt }) => role === 'administrator' && removedAt === null,
  );
  if (left.length < foundingOperators)
    throw new StabledoorError(
      'illegal_transition',
      'Two administrators must be left, or nobody could add another: add one first.',
    );
}

export const membershipActs: readonly Act[] = [addOperator, removeOperator];
