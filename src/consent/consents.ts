// What can be done with a consent: request, give, refuse, narrow, stop, return and list. The door of this room.
// State and ledger entry are one transaction, and every move is one that the table in consent.ts has.
import type { BrokerTransaction } from '../db/database.ts';
import type { AppendRequest } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ClientId, type ConsentId, newRequestId, type OccupierId } from '../lib/ids.ts';
import { move } from './consent.ts';
import { changeState } from './consent-change-store.ts';
import { overEntry, unansweredEntry } from './consent-entry.ts';
import {
  type ConsentParts,
  holdConsent,
  mustBeTheirs,
  mustFind,
  record,
  type Within,
} from './consent-step.ts';
import { type Consent, findConsent } from './consent-store.ts';
import { readNowMs } from './hold-store.ts';
import { beginQuiet } from './standing-store.ts';

export { endConsentsOfLog } from './consent-change-store.ts';
export type { ConsentParts, Within } from './consent-step.ts';
export { type Consent, findConsent, listOccupierConsents, listThirdPartyConsents } from './consent-store.ts';
export { expireConsents, lapseRequests } from './expire-consents.ts';
export { type ConsentGift, giveConsent } from './give-consent.ts';
export { type IssuedReceipt, issueReceipt, type SignReceipt } from './issue-receipt.ts';
export { type MovedOut, moveOut, removeMeterPoint } from './move-out.ts';
export { type Narrowing, narrowConsent } from './narrow-consent.ts';
export { type ConsentRequest, requestConsent } from './request-consent.ts';
export { endQuiet } from './standing-store.ts';
export { type Stop, type Stopped, stopConsent } from './stop-consent.ts';
export { openStopLink } from './stop-link.ts';

/** Errors: `consent_unknown`; `illegal_transition`; `ledger_unavailable`. */
export async function refuseConsent(
  parts: ConsentParts,
  refusal: { consentId: ConsentId; occupierId: OccupierId; within?: Within },
): Promise<Consent> {
  await mustBeTheirs(parts.db, refusal);
  return endConsent(parts, refusal.consentId, 'refuse', { within: refusal.within });
}

/** Changes something else in the same transaction, and gives the entries that say so. */
export type Also = (tx: BrokerTransaction) => Promise<readonly AppendRequest[]>;

/** The third party gives its consent back. Errors: `consent_unknown` (another's, too); `illegal_transition`; `ledger_unavailable`. */
export async function returnConsent(
  parts: ConsentParts,
  { consentId, clientId, also }: { consentId: ConsentId; clientId: ClientId; also?: Also },
): Promise<Consent> {
  const consent = await findConsent(parts.db, consentId);
  if (consent === null || consent.clientId !== clientId || consent.version === 0)
    throw new StabledoorError('consent_unknown');
  return endConsent(parts, consentId, 'return', { also });
}

async function endConsent(
  { db, ledger }: ConsentParts,
  consentId: ConsentId,
  event: 'refuse' | 'return',
  { within, also }: { within?: Within | undefined; also?: Also | undefined },
): Promise<Consent> {
  return db.transaction().execute(async (tx) => {
    const consent = await holdConsent(tx, consentId);
    const at = new Date(await readNowMs(tx));
    const req = newRequestId();
    const state = move(consent.state, event);
    const { version } = consent;
    await changeState(tx, { logId: ledger.logId, event, state, at }, [{ consentId, version, req }]);
    if (event === 'refuse') await beginQuiet(tx, consentId);
    const after = await mustFind(tx, consentId);
    await within?.(tx, after);
    const entry = event === 'refuse' ? unansweredEntry(req, consent, event) : overEntry(req, consent, event);
    await record(ledger, tx, [entry, ...((await also?.(tx)) ?? [])]);
    return after;
  });
}
