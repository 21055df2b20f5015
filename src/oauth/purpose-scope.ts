// Asking a householder by a scope (RFC 6749 section 3.3), for third parties without rich authorization requests. A scope stands
// for one detail that is written down here, the least that its purpose is of use with; it can say nothing of its own.
import type { Clock } from '../lib/clock.ts';
import { addDays, addMonths, type LocalDate, localDateAt } from '../lib/local-date.ts';
import { type Purpose, thirdPartyClasses } from '../policy/request.ts';
import { type PurposeRule, purposeRule, purposesOf, ruleWithin } from '../registry/purposes.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import {
  checkedDetail,
  type DetailReach,
  type RequestedDetail,
  readRequestedDetail,
} from './authorization-detail.ts';
import { invalidAuthorizationDetails, invalidScope } from './errors.ts';
import type { Parameters } from './parameters.ts';

const prefix = 'readings:';
const mostMonthsBack = 12;
const mostMonthsAhead = 3;

/** One for each purpose that a householder can be asked for, whoever may have it. */
export const purposeScopes: readonly string[] = [
  ...new Set(
    thirdPartyClasses
      .flatMap((one) => purposesOf(one))
      .filter(({ gate }) => gate === 'consent')
      .map(({ purpose }) => prefix + purpose),
  ),
].sort();

export interface Asked {
  readonly detail: RequestedDetail;
  /** By which it was asked, if by one. */
  readonly scope: string | null;
}

/**
 * What a pushed request asks for: a detail, a scope, or both where they are for one purpose (RFC 9396 section 3.1). Throws
 * OauthError `invalid_scope` or `invalid_authorization_details`.
 */
export function readAsked(
  { scope, authorization_details: text }: Parameters,
  thirdParty: ThirdParty,
  reach: DetailReach,
  clock: Clock,
): Asked {
  const purpose = scope === undefined ? null : readPurpose(scope, thirdParty);
  if (text === undefined) {
    if (purpose === null)
      throw invalidAuthorizationDetails('say what you ask for in authorization_details, or by a scope');
    const rule = purposeRule(thirdParty.class, purpose) as PurposeRule;
    const within = ruleWithin(rule, reach);
    const detail = scopeDetail('rule' in within ? within.rule : rule, clock);
    return { detail: checkedDetail(detail, thirdParty, reach, clock), scope: scope ?? null };
  }
  const detail = readRequestedDetail(text, thirdParty, reach, clock);
  if (purpose !== null && detail.purpose !== purpose)
    throw invalidScope('scope and authorization_details are for two purposes: a consent has one');
  return { detail, scope: scope ?? null };
}

/** Exactly one scope: a consent has one purpose. */
function readPurpose(scope: string, { purposes }: ThirdParty): Purpose {
  const purpose = purposes.find((one) => scope === prefix + one);
  if (purpose === undefined || !purposeScopes.includes(scope))
    throw invalidScope(
      `a householder is asked by one scope, ${prefix} with a purpose that is registered for you`,
    );
  return purpose;
}

/** Electricity bought, month by month: the year that is over, and three months more; less where the purpose has less. */
export function scopeDetail(
  { purpose, monthsBack, ahead }: Pick<PurposeRule, 'purpose' | 'monthsBack' | 'ahead'>,
  clock: Clock,
): Record<string, unknown> {
  const today = localDateAt(clock.nowMs(), 'UTC');
  const month = `${today.slice(0, 8)}01` as LocalDate;
  const until =
    'days' in ahead ? addDays(today, ahead.days) : addMonths(month, Math.min(mostMonthsAhead, ahead.months));
  return {
    type: 'meter_readings',
    purpose,
    fuels: ['electricity'],
    registers: ['import'],
    resolution: 'P1M',
    // The first whole month that lies within.
    from: addMonths(month, 1 - Math.min(mostMonthsBack, monthsBack)),
    until,
  };
}
