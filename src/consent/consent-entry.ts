// What the ledger is told of each step of a consent. Pure. Only random ids and what names nobody stands in clear;
// the wording and the meter points are personal, and stand as commitments.
import type { Authority } from '../household/authority.ts';
import type { AppendRequest } from '../ledger/ledger.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { MeterRef, RequestId } from '../lib/ids.ts';
import type { ConsentEvent } from './consent.ts';
import type { Consent } from './consent-store.ts';
import type { ConsentTerms } from './terms.ts';

/** What the giver proved with. */
export type SignedBy = 'code' | 'passkey' | 'sandbox';
type Subject = Pick<Consent, 'consentId' | 'householdId' | 'clientId' | 'version'>;

export const requestedEntry = (
  req: RequestId,
  consent: Omit<Subject, 'version'>,
  asked: ConsentTerms,
  wordingDigest: string,
): AppendRequest => ({
  req,
  householdId: consent.householdId,
  body: {
    kind: 'consent.requested',
    actor: 'third-party',
    consent_ref: consent.consentId,
    third_party: consent.clientId,
    purpose: asked.purpose,
    resolution: asked.resolution,
    window: { from: asked.from, until: asked.until },
  },
  personal: { wording: wordingDigest },
  evidence: ['wording'],
});

export interface Giving {
  readonly terms: ConsentTerms;
  readonly meterPoints: readonly { readonly meterRef: MeterRef; readonly mpan: string }[];
  readonly expiresAtMs: number;
  readonly signedBy: SignedBy;
  readonly actor?: 'householder' | 'operator';
  readonly wordingDigest: string;
  readonly authority?: Authority | null;
  /** Committed to, and kept as evidence. */
  readonly signature?: Readonly<Record<string, JsonValue>> | null;
}

/** Of a consent as it was given, or narrowed to. */
export const termsEntry = (
  kind: 'consent.given' | 'consent.narrowed',
  req: RequestId,
  consent: Subject,
  giving: Giving,
): AppendRequest => ({
  req,
  householdId: consent.householdId,
  body: {
    kind,
    actor: giving.actor ?? 'householder',
    consent_ref: consent.consentId,
    version: consent.version,
    third_party: consent.clientId,
    purpose: giving.terms.purpose,
    resolution: giving.terms.resolution,
    window: { from: giving.terms.from, until: giving.terms.until },
    registers: [...giving.terms.registers],
    meter_refs: giving.meterPoints.map((point) => point.meterRef),
    expires_s: Math.floor(giving.expiresAtMs / 1000),
    ...(giving.terms.once ? { once: 1 as const } : {}),
    signed_by: giving.signedBy,
    ...(giving.authority ? { answered_as: giving.authority.kind } : {}),
  },
  personal: {
    wording: giving.wordingDigest,
    meter_points: giving.meterPoints.map((point) => ({ meter_ref: point.meterRef, mpan: point.mpan })),
    ...(giving.authority ? { authority: giving.authority.reference } : {}),
    ...(giving.signature ?? {}),
  },
  evidence: [
    'wording',
    'meter_points',
    ...(giving.authority ? ['authority'] : []),
    ...Object.keys(giving.signature ?? {}),
  ],
});

const overKinds = {
  expire: ['consent.expired', 'broker'],
  end: ['consent.ended', 'broker'],
  return: ['consent.returned', 'third-party'],
  supersede: ['consent.superseded', 'broker'],
} as const satisfies Partial<Record<ConsentEvent, readonly [string, string]>>;

/** How a stop came, where it was not from the giver's own page. */
export type StoppedThrough = 'phone' | 'post' | 'in-person' | 'helper' | 'home';

const byOperator: readonly StoppedThrough[] = ['phone', 'post', 'in-person'];

/** A stop that somebody made for the giver says so, and who: an operator, or a person of the home. */
export function stoppedEntry(
  req: RequestId,
  consent: Subject,
  through: StoppedThrough | null,
): AppendRequest {
  const { householdId, consentId, version, clientId } = consent;
  return {
    req,
    householdId,
    body: {
      kind: 'consent.stopped',
      actor: through !== null && byOperator.includes(through) ? 'operator' : 'householder',
      ...{ consent_ref: consentId, version, third_party: clientId },
      ...(through === null ? {} : { through }),
    },
  };
}

/** A given consent that is over: by whom and how, never why. */
export function overEntry(req: RequestId, consent: Subject, event: keyof typeof overKinds): AppendRequest {
  const [kind, actor] = overKinds[event];
  return {
    req,
    householdId: consent.householdId,
    body: {
      kind,
      actor,
      consent_ref: consent.consentId,
      version: consent.version,
      third_party: consent.clientId,
    },
  };
}

const unansweredKinds = {
  refuse: ['consent.refused', 'householder'],
  lapse: ['consent.lapsed', 'broker'],
} as const;

/** A request that came to nothing. */
export function unansweredEntry(
  req: RequestId,
  consent: Pick<Consent, 'consentId' | 'householdId' | 'clientId' | 'asked'>,
  event: keyof typeof unansweredKinds,
  by?: 'broker',
): AppendRequest {
  const [kind, actor] = unansweredKinds[event];
  return {
    req,
    householdId: consent.householdId,
    body: {
      kind,
      actor: by ?? actor,
      consent_ref: consent.consentId,
      third_party: consent.clientId,
      purpose: consent.asked.purpose,
    },
  };
}
