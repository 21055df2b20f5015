// Branded ids with a prefix that says what they name; 128 random bits, so that none can be guessed.
import { randomBytes, randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type ClientId = Branded<'client'>;
export type ComplaintId = Branded<'complaint'>;
export type ConsentId = Branded<'consent'>;
export type GrantId = Branded<'grant'>;
/** What lets an occupier help another household. */
export type HelperId = Branded<'helper'>;
export type HouseholdId = Branded<'household'>;
export type OccupierId = Branded<'occupier'>;
/** A meter point as we store it; never leaves the broker. */
export type MeterPointId = Branded<'meter_point'>;
/** A meter point within one consent: what a third party sees (`mp_…`), different for each consent. */
export type MeterRef = Branded<'mp'>;
export type OperatorId = Branded<'operator'>;
export type OrderId = Branded<'order'>;
export type ProposalId = Branded<'proposal'>;
/** That a third party supplies a household at a meter point. */
export type SupplyId = Branded<'supply'>;
/** Whose chain an entry stands in: a household's, or that of a lawful order that is not to be shown yet. */
export type SubjectId = HouseholdId | OrderId;
/** A request to the ledger: a UUID, unique for ever within a log. */
export type RequestId = Branded<'request'>;

const prefixes = {
  client: 'client',
  complaint: 'complaint',
  consent: 'consent',
  grant: 'grant',
  helper: 'helper',
  household: 'household',
  occupier: 'occupier',
  meter_point: 'meter_point',
  mp: 'mp',
  operator: 'operator',
  order: 'order',
  proposal: 'proposal',
  supply: 'supply',
} as const;

export function newId<Name extends keyof typeof prefixes>(name: Name): Branded<Name> {
  return `${prefixes[name]}_${randomBytes(16).toString('base64url')}` as Branded<Name>;
}

export const newRequestId = (): RequestId => randomUUID() as RequestId;

/** The pattern of an id, for input validation: prefix, then 22 characters of base64url. */
export const idPattern = (name: keyof typeof prefixes): RegExp =>
  new RegExp(`^${prefixes[name]}_[A-Za-z0-9_-]{22}$`);
