// An act that takes two operators, as the house knows it: what a proposal of it holds, what whoever approves is shown, and
// what does it. Rooms to the right hand their acts in; this room knows only that the payload is the one that was approved.
import type { z } from 'zod';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { AppendRequest } from '../ledger/ledger.ts';
import type { OperatorActName } from '../ledger/operator-acts.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { HouseholdId, ProposalId } from '../lib/ids.ts';

type Payload = { readonly [name: string]: JsonValue };

/** Fields in clear that the entry of the act must have: they name no householder. */
export type Said = Readonly<Record<string, string | string[]>>;

/** What whoever approves is shown, a line each. */
export type ActWords = readonly (readonly [label: string, value: string])[];

export interface Act {
  readonly name: OperatorActName;
  /** One line, for lists and help. */
  readonly title: string;
  /** Completes what an operator asks for from what is on record. Errors: `invalid_request`, `not_found`. */
  prepare(store: Store, input: unknown): Promise<Payload>;
  said(payload: Payload): Said;
  householdOf(payload: Payload): HouseholdId | null;
  words(payload: Payload): ActWords;
  /** In the transaction of the approval: changes the state and gives the entries. Errors: any, and then nothing happens. */
  readonly within:
    | ((tx: BrokerTransaction, payload: Payload, done: DoneBy) => Promise<AppendRequest[]>)
    | null;
  /** After it, for what is no single transaction. Must bear to be repeated until it succeeds. */
  readonly afterwards: ((payload: Payload, done: DoneBy) => Promise<void>) | null;
}

/** Null outside production, where one operator suffices and nothing was proposed. */
export interface DoneBy {
  readonly proposalId: ProposalId | null;
}

export interface ActDefinition<Input, Stored extends Payload> {
  readonly name: OperatorActName;
  readonly title: string;
  /** The fields that a proposal of it takes, for whoever left one out. */
  readonly takes: string;
  readonly input: z.ZodType<Input>;
  prepare(store: Store, input: Input): Promise<Stored>;
  said?(payload: Stored): Said;
  householdOf?(payload: Stored): HouseholdId;
  words(payload: Stored): ActWords;
  within?(tx: BrokerTransaction, payload: Stored, done: DoneBy): Promise<AppendRequest[]>;
  afterwards?(payload: Stored, done: DoneBy): Promise<void>;
}

/** A payload that comes back is the one that `prepare` gave: its digest was compared. */
export function defineAct<Input, Stored extends Payload>(definition: ActDefinition<Input, Stored>): Act {
  const { name, title, takes, input: schema, within, afterwards } = definition;
  return {
    name,
    title,
    async prepare(store, input) {
      const read = schema.safeParse(input);
      if (read.success) return await definition.prepare(store, read.data);
      const faults = read.error.issues.map(
        ({ path, message }) => `${path.join('.') || 'the proposal'}: ${message}`,
      );
      throw new StabledoorError('invalid_request', `${faults.join('; ')}. It takes ${takes}.`);
    },
    said: (payload) => definition.said?.(payload as Stored) ?? {},
    householdOf: (payload) => definition.householdOf?.(payload as Stored) ?? null,
    words: (payload) => definition.words(payload as Stored),
    within: within ? (tx, payload, done) => within(tx, payload as Stored, done) : null,
    afterwards: afterwards ? (payload, done) => afterwards(payload as Stored, done) : null,
  };
}

/** The entry field that ties what was done to the proposal; none outside production. */
export const proposalField = ({ proposalId }: DoneBy): { proposal?: ProposalId } =>
  proposalId === null ? {} : { proposal: proposalId };
