// Every act that takes two operators, with what does it: each room gives the function, this file alone knows them all.
import { z } from 'zod';
import { eraseHousehold, requestErasure } from './audit/erasure.ts';
import { householdExists } from './audit/erasure-store.ts';
import type { Database } from './db/database.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { LedgerKeys } from './ledger/ledger-keys.ts';
import { clearRetiredKey, formerLedgerKey, retireWithin } from './ledger/rotate-key.ts';
import type { Clock } from './lib/clock.ts';
import { StabledoorError } from './lib/errors.ts';
import { type HouseholdId, idPattern } from './lib/ids.ts';
import { type Act, defineAct, proposalField } from './operator/act.ts';
import { membershipActs } from './operator/membership-acts.ts';
import { recordOrder } from './parts-order-act.ts';
import { registryActs } from './parts-registry-acts.ts';
import { openPolicyText, type Policy } from './policy/engine.ts';
import { parsePolicyText } from './policy/policy-text.ts';
import { planPublication, publishWithin } from './policy/publication.ts';

export interface ActParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly ledgerKeys: LedgerKeys;
  readonly keyDir: string;
  readonly clock: Clock;
}

export const actsOf = (parts: ActParts): readonly Act[] => [
  ...registryActs,
  publishSet(parts),
  eraseOnBehalf(parts),
  recordOrder(parts),
  retireKey(parts),
  ...membershipActs,
];

const eraseOnBehalf = (parts: ActParts): Act =>
  defineAct({
    name: 'household-erase',
    title: 'erase a household on its behalf',
    takes: '{"household_id", "now"?: true}',
    input: z.strictObject({
      household_id: z.string().regex(idPattern('household')),
      now: z.boolean().default(false),
    }),
    async prepare(store, { household_id, now }) {
      if (!(await householdExists(store, household_id as HouseholdId)))
        throw new StabledoorError('not_found', 'There is no such household.');
      return { household_id, now };
    },
    householdOf: ({ household_id }) => household_id as HouseholdId,
    words: ({ household_id, now }) => [
      ['Household', household_id],
      ['When', now ? 'at once' : 'in seven days'],
      ['What goes', 'all its consents end, and everything that leads to it is erased, for good'],
    ],
    async within(tx, { household_id, now }, { proposalId }) {
      const request = { askedBy: 'operator', now, proposalId } as const;
      await requestErasure({ db: tx, clock: parts.clock }, household_id as HouseholdId, request);
      return [];
    },
    async afterwards({ household_id, now }) {
      if (now) await eraseHousehold(parts, household_id as HouseholdId);
    },
  });

const publishSet = ({ ledger, clock }: ActParts): Act =>
  defineAct({
    name: 'policy-publish',
    title: 'publish a policy set',
    takes: '{"text"}: the files of the set, as `stabledoor policy publish` writes them',
    input: z.strictObject({ text: z.string().min(1).max(1_000_000) }),
    async prepare(store, { text }) {
      const plan = await planPublication(store, { ledger, clock }, policyOf(text));
      const { added = [], removed = [], changed = [], schemaChanged = false } = plan.change ?? {};
      return {
        text,
        policy: plan.digest,
        replaces: plan.replaces ?? '',
        weakens: plan.weakens,
        added: [...added],
        removed: [...removed],
        changed: [...changed],
        schema_changed: schemaChanged,
      };
    },
    said: ({ policy, replaces }) => ({ policy, ...(replaces === '' ? {} : { replaces }) }),
    words: ({ policy, replaces, weakens, added, removed, changed, schema_changed }) => [
      ['Set', policy],
      ['Instead of', replaces || 'none'],
      ['What it does', weakens ? 'a weakening: it may allow what is refused now' : 'it only forbids more'],
      ['It binds', weakens ? '30 days after it is approved' : 'once it is approved'],
      ['Rules added', added.join(', ') || 'none'],
      ['Rules removed', removed.join(', ') || 'none'],
      ['Rules changed', changed.join(', ') || 'none'],
      ['What the rules are asked', schema_changed ? 'another schema' : 'as it is'],
    ],
    async within(tx, { text, policy, replaces, weakens }, done) {
      const plan = await publishWithin(tx, { ledger, clock }, policyOf(text), done.proposalId);
      // Compared with another set it may be another change.
      if (plan.digest !== policy || (plan.replaces ?? '') !== replaces || plan.weakens !== weakens)
        throw new StabledoorError('proposal_changed');
      return [...plan.entries];
    },
  });

/** Errors: `invalid_request`, with the fault that keeps it from being a policy set. */
function policyOf(text: string): Policy {
  try {
    return openPolicyText(parsePolicyText(text), { remembered: 0 });
  } catch (error) {
    throw new StabledoorError('invalid_request', error instanceof Error ? error.message : 'no policy set');
  }
}

const retireKey = ({ ledger, ledgerKeys, keyDir }: ActParts): Act =>
  defineAct({
    name: 'key-retire',
    title: 'retire the ledger’s former key, once everybody has the new one',
    takes: '{}: the older of the two that sign',
    input: z.strictObject({}),
    prepare: async () => ({ use: 'ledger', key: formerLedgerKey(ledgerKeys).text }),
    said: ({ use, key }) => ({ use, key }),
    words: ({ key }) => [['Key of the ledger', key]],
    async within(tx, { key }, done) {
      await ledgerKeys.refresh();
      if (formerLedgerKey(ledgerKeys).text !== key) throw new StabledoorError('proposal_changed');
      return [await retireWithin(tx, ledger, key, proposalField(done))];
    },
    afterwards: ({ key }) => clearRetiredKey({ keys: ledgerKeys, keyDir }, key),
  });
