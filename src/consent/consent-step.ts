// What every step of a consent is made of: hold the row, ask the table of moves, write state and step, append the entry last.
// Whatever keeps the entry from being written keeps the step from being taken; stopping alone knows another way.
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ConsentId, newRequestId, type OccupierId } from '../lib/ids.ts';
import { move } from './consent.ts';
import { changeState } from './consent-change-store.ts';
import { overEntry, unansweredEntry } from './consent-entry.ts';
import { type Consent, findConsent } from './consent-store.ts';
import { findConsentForUpdate, lockHouseholdOf } from './hold-store.ts';

export interface ConsentParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

/** Run inside the state change's transaction, before its ledger entry. */
export type Within = (tx: BrokerTransaction, consent: Consent) => Promise<void>;

/** Moves consents on together, all of one state; gives the entries that say so. */
export async function endSiblings(
  tx: BrokerTransaction,
  ledger: { readonly logId: number },
  siblings: readonly Consent[],
  event: 'lapse' | 'supersede' | 'end' | 'expire',
  nowMs: number,
): Promise<AppendRequest[]> {
  const [first] = siblings;
  if (first === undefined) return [];
  const ended = siblings.map((consent) => ({ consent, req: newRequestId() }));
  await changeState(
    tx,
    { logId: ledger.logId, event, state: move(first.state, event), at: new Date(nowMs) },
    ended.map(({ consent: { consentId, version }, req }) => ({ consentId, version, req })),
  );
  return ended.map(({ consent, req }) =>
    event === 'lapse' ? unansweredEntry(req, consent, event) : overEntry(req, consent, event),
  );
}

/** What is not theirs does not exist for them. */
export async function mustBeTheirs(
  db: Database,
  { consentId, occupierId }: { consentId: ConsentId; occupierId: OccupierId },
): Promise<Consent> {
  const consent = await findConsent(db, consentId);
  if (consent === null || consent.occupierId !== occupierId) throw new StabledoorError('consent_unknown');
  return consent;
}

/** Holds the household of a consent of theirs; gives it, and the time. Errors: `consent_unknown`. */
export async function holdTheirs(
  tx: BrokerTransaction,
  theirs: { readonly consentId: ConsentId; readonly occupierId: OccupierId },
): Promise<{ readonly consent: Consent; readonly nowMs: number }> {
  const nowMs = await lockHouseholdOf(tx, theirs);
  if (nowMs === null) throw new StabledoorError('consent_unknown');
  return { consent: await holdConsent(tx, theirs.consentId), nowMs };
}

export async function holdConsent(tx: BrokerTransaction, consentId: ConsentId): Promise<Consent> {
  const consent = await findConsentForUpdate(tx, consentId);
  if (consent === null) throw new StabledoorError('consent_unknown');
  return consent;
}

export async function mustFind(tx: BrokerTransaction, consentId: ConsentId): Promise<Consent> {
  const consent = await findConsent(tx, consentId);
  if (consent === null) throw new Error(`${consentId} was written and is not there`);
  return consent;
}

/** The last call of the transaction. Whatever keeps the entry from being written keeps the change from being made. */
export async function record(
  ledger: Ledger,
  tx: BrokerTransaction,
  entries: readonly AppendRequest[],
): Promise<void> {
  try {
    await ledger.appendWithin(tx, entries);
  } catch (error) {
    if (error instanceof StabledoorError) throw error;
    throw new StabledoorError('ledger_unavailable', undefined, {}, {}, error);
  }
}
