// Puts the facts of a read to the policy. A meter point that the consent does not have is refused before any rule.
import { dayNumber, localDateAt } from '../lib/local-date.ts';
import type { Policy } from '../policy/engine.ts';
import type { DisclosureRequest } from '../policy/request.ts';
import type { ReadRequest } from './read-request.ts';
import { closedUntil } from './reading-window.ts';
import type { ReleaseFacts } from './release-store.ts';

/** `question` is what the policy was asked; null where it was not. */
export type ReleaseDecision =
  | {
      readonly allowed: true;
      readonly meterPoint: NonNullable<ReleaseFacts['meterPoint']>;
      readonly question: DisclosureRequest;
    }
  | {
      readonly allowed: false;
      readonly reasons: readonly string[];
      readonly question: DisclosureRequest | null;
    };

export function decide(
  policy: Policy,
  facts: ReleaseFacts,
  request: ReadRequest,
  nowMs: number,
): ReleaseDecision {
  const { meterPoint } = facts;
  if (meterPoint === null) return { allowed: false, reasons: ['meter_point_unknown'], question: null };
  const question: DisclosureRequest = {
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
  const decision = policy.decide(question);
  return decision.allowed
    ? { allowed: true, meterPoint, question }
    : { allowed: false, reasons: decision.reasons, question };
}

/** The state with time applied: the row of a consent that ran out may still say `given`. */
function stateAt({ state, expiresAtMs }: ReleaseFacts, nowMs: number): string {
  return state === 'given' && expiresAtMs !== null && expiresAtMs <= nowMs ? 'expired' : state;
}
