// Narrows a consent: the householder takes back a part of it, at once and without the third party. It stays the same
// consent, in its next version; tokens go on for what is left, and nothing can be put back by narrowing again.
import type { BrokerTransaction } from '../db/database.ts';
import { listMeterPoints } from '../household/household-store.ts';
import type { HouseholdMeterPoint } from '../household/meter-point.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ConsentId, newRequestId, type OccupierId } from '../lib/ids.ts';
import { queueMail } from '../notify/mail-store.ts';
import { move, stateAt } from './consent.ts';
import { dropMeterRefs, writeVersion } from './consent-change-store.ts';
import { type SignedBy, termsEntry } from './consent-entry.ts';
import { type ConsentParts, holdTheirs, mustFind, record } from './consent-step.ts';
import type { Consent } from './consent-store.ts';
import { nextReminderMs } from './reminders.ts';
import {
  type ConsentChoice,
  type ConsentTerms,
  expiryMs,
  narrowGiven,
  shareable,
  tenancyEndMs,
} from './terms.ts';

export interface Narrowing {
  readonly consentId: ConsentId;
  readonly occupierId: OccupierId;
  /** Absent dates and registers stay as they are. */
  readonly choice: ConsentChoice;
  readonly signedBy: SignedBy;
}

/**
 * Errors: `consent_unknown`; `illegal_transition` where it is over; `invalid_request` with `problems` where the choice is
 * more than it was, nothing, or no less; `ledger_unavailable`. On any of them it stays as it was.
 */
export async function narrowConsent(parts: ConsentParts, narrowing: Narrowing): Promise<Consent> {
  const { db, ledger } = parts;
  return db.transaction().execute(async (tx) => {
    const { consent: held, nowMs } = await holdTheirs(tx, narrowing);
    const consent = { ...held, state: stateAt(held, nowMs) };
    move(consent.state, 'narrow');
    const household = await listMeterPoints(tx, held.householdId);
    const narrowed = narrowGiven(consent, narrowing.choice, household);
    if (!narrowed.ok)
      throw new StabledoorError('invalid_request', 'The choice does not make this consent less.', {
        problems: narrowed.problems.join(' '),
      });
    const kept = shareable(consent.terms, household).filter((point) =>
      narrowed.meterPoints.includes(point.meterPointId),
    );
    const { signedBy } = narrowing;
    const written = await writeNarrowed(tx, ledger, consent, {
      terms: narrowed.terms,
      kept,
      nowMs,
      signedBy,
    });
    await record(ledger, tx, [written.entry]);
    return written.consent;
  });
}

interface Less {
  readonly terms: ConsentTerms;
  readonly kept: readonly HouseholdMeterPoint[];
  readonly nowMs: number;
  readonly signedBy: SignedBy;
  readonly actor?: 'householder' | 'operator';
}

/** State, terms and step of the next version; gives the entry, which belongs into the same transaction. */
export async function writeNarrowed(
  tx: BrokerTransaction,
  ledger: Pick<Ledger, 'logId'>,
  consent: Consent,
  { terms, kept, nowMs, signedBy, actor = 'householder' }: Less,
): Promise<{ consent: Consent; entry: AppendRequest }> {
  const { consentId } = consent;
  const version = consent.version + 1;
  const zones = kept.map((point) => point.zone);
  // Never later than it was: less time is the only time that narrowing gives.
  const before = consent.expiresAt?.getTime() ?? 0;
  const expiresAtMs = Math.min(before, expiryMs(terms, zones, nowMs));
  const endsAtMs = tenancyEndMs(kept);
  const points = consent.meterPoints.map((ref) => ({
    ...ref,
    mpan: kept.find((point) => point.meterPointId === ref.meterPointId)?.mpan ?? null,
  }));
  const meterPoints = points.flatMap(({ meterRef, mpan }) => (mpan === null ? [] : [{ meterRef, mpan }]));
  const dropped = points.filter(({ mpan }) => mpan === null).map(({ meterRef }) => meterRef);
  const req = newRequestId();
  const at = new Date(nowMs);
  await dropMeterRefs(tx, dropped, version);
  const endsMs = Math.min(expiresAtMs, endsAtMs ?? expiresAtMs);
  const remindAtMs = nextReminderMs({ givenMs: nowMs, endsMs }, nowMs);
  const { logId } = ledger;
  await writeVersion(tx, {
    ...{ logId, consentId, event: 'narrow', req, version, terms, meterPoints: [] },
    ...{ expiresAtMs, endsAtMs, remindAtMs, at },
  });
  await queueMail(tx, [{ consentId, occupierId: consent.occupierId, kind: 'receipt', number: version }]);
  const after = await mustFind(tx, consentId);
  const entry = termsEntry('consent.narrowed', req, after, {
    ...{ terms, meterPoints, expiresAtMs, signedBy, actor, wordingDigest: consent.wordingDigest },
  });
  return { consent: after, entry };
}
