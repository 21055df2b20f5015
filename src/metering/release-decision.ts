// Puts the facts of a read to the policy. A meter point that the consent does not have is refused before any rule.
import { dayNumber, type LocalDate, localDateAt } from '../lib/local-date.ts';
import type { Policy } from '../policy/engine.ts';
import { type CedarRequest, cedarRequest, type DisclosureRequest } from '../policy/request.ts';
import { cedarRightRequest, type RightRequest } from '../policy/right-request.ts';
import type { ReadBasis } from './read-basis.ts';
import type { ReadRequest } from './read-request.ts';
import { closedUntil } from './reading-window.ts';
import type { ReleaseFacts } from './release-store.ts';
import type { RightFacts } from './right-store.ts';

/** `question` is what the policy was asked; null where it was not. */
export type ReleaseDecision =
  | {
      readonly allowed: true;
      readonly mpan: string;
      readonly question: CedarRequest;
    }
  | {
      readonly allowed: false;
      readonly reasons: readonly string[];
      readonly question: CedarRequest | null;
    };

export function decide(policy: Policy, by: ReadBasis, request: ReadRequest, nowMs: number): ReleaseDecision {
  const { meterPoint } = by.facts;
  if (meterPoint === null) return { allowed: false, reasons: ['meter_point_unknown'], question: null };
  const question =
    by.basis === 'consent'
      ? cedarRequest(byConsent(by.facts, request, nowMs))
      : cedarRightRequest(byRight(by, request, nowMs));
  const decision = policy.decideAgain(question);
  return decision.allowed
    ? { allowed: true, mpan: meterPoint.mpan, question }
    : { allowed: false, reasons: decision.reasons, question };
}

type Known<Facts extends { readonly meterPoint: unknown }> = Facts & {
  readonly meterPoint: NonNullable<Facts['meterPoint']>;
};

function byConsent(facts: ReleaseFacts, request: ReadRequest, nowMs: number): DisclosureRequest {
  const { meterPoint } = facts as Known<ReleaseFacts>;
  return {
    thirdParty: {
      class: facts.thirdPartyClass,
      status: facts.thirdPartyStatus,
      purposes: facts.registeredPurposes,
      groupClasses: facts.groupClasses,
      recipients: facts.recipients,
      ethicsApproved: facts.ethicsApproved,
    },
    consent: {
      state: stateAt(facts, nowMs),
      purpose: facts.purpose,
      resolution: facts.resolution,
      // No resolution is chosen beforehand on any page, so whatever was given was chosen.
      optIn: true,
      registers: facts.registers,
      window: { fromDay: dayNumber(facts.from), untilDay: dayNumber(facts.until) },
      givenDay: dayNumber(localDateAt(facts.givenAtMs, meterPoint.zone)),
      once: facts.once,
    },
    prepayment: meterPoint.prepayment,
    tenancy: {
      fromDay: dayNumber(meterPoint.tenancyFrom),
      untilDay: meterPoint.tenancyUntil === null ? null : dayNumber(meterPoint.tenancyUntil),
    },
    // A token is of one consent, so a read is for that consent's purpose and can name no other.
    purpose: facts.purpose,
    resolution: request.resolution,
    register: request.register,
    window: { fromDay: dayNumber(request.window.from), untilDay: dayNumber(request.window.to) },
    closedUntilDay: dayNumber(closedUntil(nowMs, request.resolution, meterPoint.zone)),
    today: dayNumber(localDateAt(nowMs, meterPoint.zone)),
  };
}

function byRight(
  { facts, basis, purpose }: Extract<ReadBasis, { basis: 'licence' | 'order' }>,
  request: ReadRequest,
  nowMs: number,
): RightRequest {
  const { meterPoint, tenancy } = facts as Known<RightFacts>;
  const openDays = ({ from, until }: { from: LocalDate; until: LocalDate | null }) => ({
    fromDay: dayNumber(from),
    untilDay: until === null ? null : dayNumber(until),
  });
  return {
    thirdParty: {
      class: facts.thirdPartyClass,
      status: facts.thirdPartyStatus,
      purposes: facts.registeredPurposes,
      groupClasses: facts.groupClasses,
      recipients: facts.recipients,
    },
    right: {
      basis,
      state: facts.inForce ? 'in-force' : 'over',
      resolution: facts.resolution,
      registers: facts.registers,
      days: openDays(facts),
      optedOut: facts.optedOut,
    },
    tenancy: tenancy === null ? null : openDays(tenancy),
    purpose,
    resolution: request.resolution,
    register: request.register,
    window: { fromDay: dayNumber(request.window.from), untilDay: dayNumber(request.window.to) },
    closedUntilDay: dayNumber(closedUntil(nowMs, request.resolution, meterPoint.zone)),
  };
}

/** The state with time applied: the row of a consent that ran out may still say `given`. */
function stateAt({ state, expiresAtMs }: ReleaseFacts, nowMs: number): string {
  return state === 'given' && expiresAtMs !== null && expiresAtMs <= nowMs ? 'expired' : state;
}
