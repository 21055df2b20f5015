// Writes down what a third party asks, in the words that will be shown, when a signed-in householder opens the request.
// Opening it again gives the same consent and the same words; what is given later is given on exactly these.
import type { BrokerTransaction } from '../db/database.ts';
import { findAuthority } from '../household/authority.ts';
import { listMeterPoints } from '../household/household-store.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import { type ClientId, type HouseholdId, newId, newRequestId, type OccupierId } from '../lib/ids.ts';
import { localDateAt } from '../lib/local-date.ts';
import { move } from './consent.ts';
import { changeState, insertConsent } from './consent-change-store.ts';
import { requestedEntry, unansweredEntry } from './consent-entry.ts';
import { type ConsentParts, endSiblings, mustFind, record, type Within } from './consent-step.ts';
import { type Consent, findConsentByRequest } from './consent-store.ts';
import { findSiblings, lockHousehold } from './hold-store.ts';
import { findStandingAnswer } from './standing-store.ts';
import type { ConsentTerms } from './terms.ts';
import { type AskablePurpose, type AskingParty, wordingDigest, wordRequest } from './wording.ts';

export interface ConsentRequest {
  readonly householdId: HouseholdId;
  readonly occupierId: OccupierId;
  readonly clientId: ClientId;
  /** Names the third party's request: opening the same one again gives the same consent. */
  readonly requestRef: string;
  readonly terms: ConsentTerms & { readonly purpose: AskablePurpose };
  readonly party: AskingParty;
  /** Run in the same transaction where the request is refused before anybody sees it. */
  readonly unseen?: Within;
}

const everywhere = 'Europe/London';

/**
 * When a signed-in householder opens a request. A newer request of the same third party lapses the open one. Behind a shut
 * door, and in the quiet after a no, it comes back refused: it must not be shown.
 */
export async function requestConsent(parts: ConsentParts, request: ConsentRequest): Promise<Consent> {
  const { db, ledger } = parts;
  const { householdId, occupierId, clientId, requestRef, terms } = request;
  const known = await findConsentByRequest(db, occupierId, requestRef);
  if (known !== null) return known;
  return db.transaction().execute(async (tx) => {
    const nowMs = await lockHousehold(tx, householdId);
    const opened = await findConsentByRequest(tx, occupierId, requestRef);
    if (opened !== null) return opened;
    const lapsed = await lapseOpenRequests(tx, ledger, { householdId, clientId }, nowMs);
    const household = await listMeterPoints(tx, householdId);
    const today = localDateAt(nowMs, household[0]?.zone ?? everywhere);
    const authority = await findAuthority(tx, occupierId);
    const wording = wordRequest(request.party, terms, household, today, authority?.kind ?? null);
    const consentId = newId('consent');
    const digest = wordingDigest(wording);
    const req = newRequestId();
    const at = new Date(nowMs);
    const said = {
      consentId,
      householdId,
      occupierId,
      clientId,
      asked: terms,
      wording,
      wordingDigest: digest,
    };
    await insertConsent(tx, { ...said, logId: ledger.logId, requestRef, at }, req);
    const asked: Consent = {
      ...{ ...said, state: 'requested', version: 0, terms, meterPoints: [] },
      ...{ requestedAt: at, changedAt: at, expiresAt: null, quietUntil: null },
    };
    const unseen = await refuseUnseen(tx, ledger, asked, nowMs);
    if (unseen.length > 0) await request.unseen?.(tx, asked);
    const consent = unseen.length > 0 ? await mustFind(tx, consentId) : asked;
    const subject = { consentId, householdId, clientId };
    await record(ledger, tx, [...lapsed, requestedEntry(req, subject, terms, digest), ...unseen]);
    return consent;
  });
}

/** Gives the entry of the refusal, where the occupier's door is shut or its group is to keep quiet; else nothing. */
async function refuseUnseen(
  tx: BrokerTransaction,
  ledger: Ledger,
  consent: Consent,
  nowMs: number,
): Promise<AppendRequest[]> {
  const { consentId, occupierId, clientId, version, asked } = consent;
  const standing = await findStandingAnswer(tx, { occupierId, clientId, purpose: asked.purpose });
  if (standing === null) return [];
  const req = newRequestId();
  const at = new Date(nowMs);
  const change = { logId: ledger.logId, event: 'refuse', state: move(consent.state, 'refuse'), at } as const;
  await changeState(tx, change, [{ consentId, version, req }]);
  return [unansweredEntry(req, consent, 'refuse', standing === 'quiet' ? 'broker' : undefined)];
}

async function lapseOpenRequests(
  tx: BrokerTransaction,
  ledger: Ledger,
  asking: { householdId: HouseholdId; clientId: ClientId },
  nowMs: number,
): Promise<AppendRequest[]> {
  const open = await findSiblings(tx, asking, 'requested');
  return endSiblings(tx, ledger, open, 'lapse', nowMs);
}
