// The rules of policies/by-right.cedar written a second time, from the table of classes and purposes and not from Cedar.
import type { RightRequest } from '../../src/policy/right-request.ts';

/** The finest by licence, and the finest after an opt-out ("none": nothing). */
const byLicence: Record<string, [most: string, optedOut: string]> = {
  billing: ['P1M', 'P1M'],
  service: ['P1D', 'none'],
  settlement: ['PT30M', 'P1D'],
  forecasting: ['PT30M', 'P1D'],
};
const reachedCeilings: Record<string, string> = {
  insurer: 'P1M',
  advertiser: 'P1M',
  'price-comparison': 'P1D',
  council: 'P1D',
};
const finestFirst = ['PT15M', 'PT30M', 'PT1H', 'P1D', 'P1M', 'none'];
const finer = (one: string, other: string) => finestFirst.indexOf(one) < finestFirst.indexOf(other);

/** Every reason to refuse, the most important first; none when the readings may leave. */
export function reasonsToRefuseByRight(request: RightRequest): string[] {
  const { thirdParty, right, tenancy, window, purpose, resolution } = request;
  const isLicence = right.basis === 'licence';
  const reached = [thirdParty.class, ...thirdParty.groupClasses, ...thirdParty.recipients.classes];
  const hasRight = isLicence
    ? thirdParty.class === 'supplier' && purpose in byLicence
    : thirdParty.class === 'lawful-authority' && purpose === 'lawful-order';
  const [most, optedOut] = byLicence[purpose] ?? ['PT30M', 'PT30M'];
  const isBeyond = (days: { fromDay: number; untilDay: number | null }) =>
    window.fromDay < days.fromDay || window.untilDay > (days.untilDay ?? Number.POSITIVE_INFINITY);
  const checks: [string, boolean][] = [
    ['third_party_suspended', thirdParty.status !== 'active'],
    ['right_not_in_force', right.state !== 'in-force'],
    ['purpose_not_allowed', !hasRight || !thirdParty.purposes.includes(purpose)],
    [
      'recipient_not_allowed',
      thirdParty.recipients.notActive > 0 ||
        reached.includes('network-operator') ||
        (isLicence && reached.includes('lawful-authority')),
    ],
    ['opted_out', right.optedOut.includes(purpose) && most !== optedOut && finer(resolution, optedOut)],
    [
      'finer_than_class_allows',
      finer(resolution, 'PT30M') ||
        (['billing', 'service'].includes(purpose) && finer(resolution, most)) ||
        reached.some((each) => finer(resolution, reachedCeilings[each] ?? 'PT15M')),
    ],
    [
      'outside_right',
      isBeyond(right.days) ||
        (tenancy !== null && isBeyond(tenancy)) ||
        !right.registers.includes(request.register) ||
        (right.resolution !== null && finer(resolution, right.resolution)),
    ],
    ['period_not_closed', window.untilDay > request.closedUntilDay],
  ];
  return checks.filter(([, refuses]) => refuses).map(([reason]) => reason);
}
