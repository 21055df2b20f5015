// The rules of disclosure.cedar written a second time, in plain TypeScript and from the table of classes and purposes, not from Cedar.
// Shares nothing with src/policy but the types: if both say the same of thousands of requests, both were read right.
import type { DisclosureRequest } from '../../src/policy/request.ts';

const table: Record<string, { purposes: string[]; ceiling: string; most: string }> = {
  'energy-adviser': { purposes: ['energy-advice', 'automation'], ceiling: 'P1D', most: 'PT30M' },
  insurer: { purposes: ['underwriting', 'claim'], ceiling: 'P1M', most: 'P1M' },
};

const finestFirst = ['PT15M', 'PT30M', 'PT1H', 'P1D', 'P1M'];
const finer = (one: string, other: string) => finestFirst.indexOf(one) < finestFirst.indexOf(other);

/** Every reason to refuse, the most important first; none when the readings may leave. */
export function reasonsToRefuse(request: DisclosureRequest): string[] {
  const { thirdParty, consent, tenancy, window } = request;
  const row = table[thirdParty.class];
  const most = row && (consent.optIn ? row.most : row.ceiling);
  const tenancyUntil = tenancy.untilDay ?? Number.POSITIVE_INFINITY;
  const checks: [string, boolean][] = [
    ['third_party_suspended', thirdParty.status !== 'active'],
    ['consent_not_in_force', consent.state !== 'given'],
    ['purpose_not_consented', request.purpose !== consent.purpose],
    [
      'purpose_not_allowed',
      !thirdParty.purposes.includes(request.purpose) || !row?.purposes.includes(request.purpose),
    ],
    ['finer_than_consented', finer(request.resolution, consent.resolution)],
    ['finer_than_class_allows', most !== undefined && finer(request.resolution, most)],
    ['register_not_consented', !consent.registers.includes(request.register)],
    [
      'outside_consent_window',
      window.fromDay < Math.max(consent.window.fromDay, tenancy.fromDay) ||
        window.untilDay > Math.min(consent.window.untilDay, tenancyUntil),
    ],
    ['period_not_closed', window.untilDay > request.closedUntilDay],
  ];
  return checks.filter(([, refused]) => refused).map(([reason]) => reason);
}
