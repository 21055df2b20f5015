// Gives a consent: the householder's choice, narrowed, for meter points that are the household's own.
// State, terms, the names of the meter points, whatever the caller adds and the ledger entry stand or fall together.
import type { BrokerTransaction } from '../db/database.ts';
import { findAuthority } from '../household/authority.ts';
import { listMeterPoints } from '../household/household-store.ts';
import type { HouseholdMeterPoint } from '../household/meter-point.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ConsentId, newId, newRequestId, type OccupierId } from '../lib/ids.ts';
import { queueMail } from '../notify/mail-store.ts';
import { move, stateAt } from './consent.ts';
import { writeVersion } from './consent-change-store.ts';
import { type SignedBy, termsEntry } from './consent-entry.ts';
import {
  type ConsentParts,
  endSiblings,
  holdConsent,
  holdTheirs,
  record,
  type Within,
} from './consent-step.ts';
import type { Consent } from './consent-store.ts';
import { findSiblings } from './hold-store.ts';
import { nextReminderMs } from './reminders.ts';
import { type ConsentSignature, signatureEvidence } from './sign-consent.ts';
import {
  type ConsentChoice,
  type ConsentTerms,
  expiryMs,
  narrowTerms,
  shareable,
  tenancyEndMs,
} from './terms.ts';

export interface ConsentGift {
  readonly consentId: ConsentId;
  readonly occupierId: OccupierId;
  readonly choice: ConsentChoice;
  readonly signedBy: SignedBy;
  /** With a passkey, over this very consent. */
  readonly signature?: ConsentSignature | undefined;
  /** A consent of the same occupier to the same third party that this one takes the place of, whatever its purpose. */
  readonly replaces?: ConsentId | undefined;
  readonly within?: Within;
}

/**
 * Errors: `consent_unknown`; `illegal_transition`; `invalid_request` with `problems` where the choice is more than was
 * asked or nothing; `ledger_unavailable`. On any of them nothing is given.
 */
export async function giveConsent(parts: ConsentParts, gift: ConsentGift): Promise<Consent> {
  const { db, ledger } = parts;
  return db.transaction().execute(async (tx) => {
    const { consent: asked, nowMs } = await holdTheirs(tx, gift);
    move(stateAt(asked, nowMs), 'give');
    const household = await listMeterPoints(tx, asked.householdId);
    const narrowed = narrowTerms(asked.asked, gift.choice, household);
    if (!narrowed.ok)
      throw new StabledoorError('invalid_request', 'The choice does not fit what was asked for.', {
        problems: narrowed.problems.join(' '),
      });
    const chosen = shareable(asked.asked, household).filter((point) =>
      narrowed.meterPoints.includes(point.meterPointId),
    );
    const signature = signedTogether(ledger, asked, { terms: narrowed.terms, chosen }, gift);
    const older = await olderConsents(tx, asked, gift.replaces);
    const superseded = await endSiblings(tx, ledger, older, 'supersede', nowMs);
    const given = await writeGiven(tx, ledger, asked, { terms: narrowed.terms, chosen, nowMs });
    await gift.within?.(tx, given.consent);
    const entry = termsEntry('consent.given', given.req, given.consent, {
      ...{ terms: narrowed.terms, meterPoints: given.meterPoints, expiresAtMs: given.expiresAtMs },
      ...{ signedBy: gift.signedBy, wordingDigest: asked.wordingDigest },
      ...{ authority: await findAuthority(tx, asked.occupierId), signature },
    });
    await record(ledger, tx, [...superseded, entry]);
    return given.consent;
  });
}

/** Null where nothing was signed. Errors: `invalid_request` where something else was. */
function signedTogether(
  { origin }: Ledger,
  { clientId, wordingDigest }: Consent,
  { terms, chosen }: { terms: ConsentTerms; chosen: readonly HouseholdMeterPoint[] },
  { signature }: ConsentGift,
): Readonly<Record<string, JsonValue>> | null {
  if (signature === undefined) return null;
  const mpans = chosen.map(({ mpan }) => mpan);
  const evidence = signatureEvidence(
    { origin, thirdParty: clientId, terms, wordingDigest, mpans },
    signature,
  );
  if (evidence === null)
    throw new StabledoorError('invalid_request', 'What was signed is not what would be given.');
  return { ...evidence };
}

async function olderConsents(
  tx: BrokerTransaction,
  asked: Consent,
  replaces: ConsentId | undefined,
): Promise<Consent[]> {
  const siblings = await findSiblings(tx, purposeOf(asked), 'given');
  if (replaces === undefined || siblings.some(({ consentId }) => consentId === replaces)) return siblings;
  const replaced = await holdConsent(tx, replaces);
  if (replaced.occupierId !== asked.occupierId || replaced.clientId !== asked.clientId)
    throw new StabledoorError('consent_unknown');
  return replaced.state === 'given' ? [...siblings, replaced] : siblings;
}

const purposeOf = ({ householdId, clientId, asked }: Consent) => ({
  householdId,
  clientId,
  purpose: asked.purpose,
});

async function writeGiven(
  tx: BrokerTransaction,
  ledger: Ledger,
  asked: Consent,
  giving: { terms: ConsentTerms; chosen: readonly HouseholdMeterPoint[]; nowMs: number },
) {
  const { consentId, occupierId } = asked;
  const { terms, chosen, nowMs } = giving;
  const version = 1;
  const zones = chosen.map((point) => point.zone);
  const expiresAtMs = expiryMs(terms, zones, nowMs);
  const meterPoints = distinctPoints(chosen).map(({ meterPointId, mpan }) => ({
    meterRef: newId('mp'),
    meterPointId,
    mpan,
  }));
  const req = newRequestId();
  const at = new Date(nowMs);
  const endsAtMs = tenancyEndMs(chosen);
  const endsMs = Math.min(expiresAtMs, endsAtMs ?? expiresAtMs);
  const remindAtMs = nextReminderMs({ givenMs: nowMs, endsMs }, nowMs);
  const { logId } = ledger;
  await writeVersion(tx, {
    ...{ logId, consentId, event: 'give', req, version, terms, meterPoints },
    ...{ expiresAtMs, endsAtMs, remindAtMs, at },
  });
  await queueMail(tx, [{ consentId, occupierId, kind: 'receipt', number: version }]);
  const consent: Consent = {
    ...{ ...asked, state: 'given', version, terms, changedAt: at, expiresAt: new Date(endsMs) },
    meterPoints: meterPoints
      .map(({ meterRef, meterPointId }) => ({ meterRef, meterPointId }))
      .sort((a, b) => (a.meterRef < b.meterRef ? -1 : 1)),
  };
  return { consent, meterPoints, expiresAtMs, req };
}

/** A household that left a meter point and came back has two tenancies of it, and one name for it. */
const distinctPoints = (points: readonly HouseholdMeterPoint[]): HouseholdMeterPoint[] => [
  ...new Map(points.map((point) => [point.meterPointId, point])).values(),
];
