// Makes a receipt from what holds now: the consent in its version, the entry that says so, and a proof in the newest tree.
// Each receipt has a stop link of its own, because a link is known to nobody once it is made.
import { randomUUID } from 'node:crypto';
import type { Store } from '../db/database.ts';
import { listMeterPoints } from '../household/household-store.ts';
import { readEntries } from '../ledger/ledger-store.ts';
import { proveInclusion } from '../ledger/proofs.ts';
import { formatTlogProof } from '../ledger/tlog-proof.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { ConsentId } from '../lib/ids.ts';
import { findThirdParty, listThirdPartiesByIds } from '../registry/registry-store.ts';
import { type Consent, findConsent } from './consent-store.ts';
import { type LedgerProof, type Receipt, receiptOf } from './receipt.ts';
import { findTermsEntry } from './step-store.ts';
import { makeStopLink } from './stop-link.ts';

/** Signs it as `consent-receipt+jwt`, with a key of the published set. */
export type SignReceipt = (receipt: Receipt) => Promise<string>;

export interface ReceiptParts {
  readonly db: Store;
  readonly clock: Clock;
  readonly issuer: string;
  readonly signReceipt: SignReceipt;
}

export interface IssuedReceipt {
  readonly consent: Consent;
  readonly partyName: string;
  /** A compact JWS. */
  readonly jws: string;
  readonly stopLink: string;
}

/** Errors: `illegal_transition` for a consent that is not in force; `ledger_unavailable` while its entry is not written. */
export async function issueReceipt(parts: ReceiptParts, consentId: ConsentId): Promise<IssuedReceipt> {
  const { db, clock, issuer } = parts;
  const consent = await findConsent(db, consentId);
  if (consent?.state !== 'given')
    throw new StabledoorError('illegal_transition', 'A receipt is of a consent that is in force.');
  const party = await findThirdParty(db, consent.clientId);
  if (party === null) throw new TypeError(`${consent.clientId} is not registered`);
  const [recipients, meterPoints, ledger] = await Promise.all([
    party.recipients.length > 0 ? listThirdPartiesByIds(db, party.recipients) : [],
    listMeterPoints(db, consent.householdId),
    proofOf(db, consent),
  ]);
  const stopLink = await makeStopLink(db, issuer, consentId);
  const receipt = receiptOf({
    ...{ receiptId: randomUUID(), issuer, issuedAt: new Date(clock.nowMs()), consent, party },
    ...{ recipients: recipients.map(({ name }) => name), meterPoints, ledger, stopLink },
  });
  return { consent, partyName: party.tradingName, jws: await parts.signReceipt(receipt), stopLink };
}

async function proofOf(db: Store, { consentId, version }: Consent): Promise<LedgerProof> {
  const found = await findTermsEntry(db, consentId, version);
  if (found === null) throw new StabledoorError('ledger_unavailable');
  const { logId, index, origin } = found;
  const [entry] = await Array.fromAsync(readEntries(db, logId, index, index + 1));
  const { hashes, checkpoint } = await proveInclusion(db, logId, index);
  if (entry === undefined || checkpoint === null) throw new StabledoorError('ledger_unavailable');
  return { origin, entry, proof: formatTlogProof({ index, hashes, checkpoint }) };
}
