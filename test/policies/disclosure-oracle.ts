// The rules of policies/ written a second time, in plain TypeScript and from the table of classes and purposes, not from Cedar.
// Shares nothing with src/policy but the types: if both say the same of thousands of requests, both were read right.
import type { DisclosureRequest } from '../../src/policy/request.ts';

/** Purpose: default ceiling, most with opt-in, months back, days that a consent to it lasts. */
type Row = [byDefault: string, most: string, monthsBack: 6 | 12 | 24, lastsDays: 30 | 183 | 366];
const table: Record<string, Record<string, Row>> = {
  supplier: {
    'billing-time-of-use': ['none', 'PT30M', 24, 366],
    service: ['P1D', 'PT30M', 24, 366],
    marketing: ['none', 'P1M', 12, 366],
  },
  'price-comparison': { 'tariff-comparison': ['P1M', 'P1D', 12, 30] },
  'energy-adviser': {
    'energy-advice': ['P1D', 'PT30M', 12, 366],
    automation: ['P1D', 'PT30M', 12, 366],
  },
  insurer: { underwriting: ['P1M', 'P1M', 12, 366], claim: ['P1M', 'P1M', 24, 366] },
  council: { 'fuel-poverty': ['P1M', 'P1D', 12, 366], vulnerability: ['P1M', 'P1D', 12, 366] },
  advertiser: { marketing: ['none', 'P1M', 6, 183] },
  researcher: { research: ['P1D', 'PT30M', 24, 366] },
};
/** What whoever is reached may have of it at most, without a choice and with one. */
const reachedCeilings: Record<string, [string, string]> = {
  supplier: ['P1D', 'PT30M'],
  'price-comparison': ['P1M', 'P1D'],
  'energy-adviser': ['P1D', 'PT30M'],
  insurer: ['P1M', 'P1M'],
  council: ['P1M', 'P1D'],
  advertiser: ['P1M', 'P1M'],
  researcher: ['P1D', 'PT30M'],
};
/** The longest such time, the rest of its first month, and two days. */
const daysBack = { 6: 184 + 30 + 2, 12: 366 + 30 + 2, 24: 731 + 30 + 2 };
const lasting = { 30: 32, 183: 186, 366: 368 };

const finestFirst = ['PT15M', 'PT30M', 'PT1H', 'P1D', 'P1M', 'none'];
const finer = (one: string, other: string) => finestFirst.indexOf(one) < finestFirst.indexOf(other);
const strictest = (ceilings: string[]): string =>
  ceilings.reduce((strict, one) => (finer(strict, one) ? one : strict), 'PT30M');

const openToPrepayment = ['billing-time-of-use', 'service', 'energy-advice', 'automation'];

/** Every reason to refuse, the most important first; none when the readings may leave. */
export function reasonsToRefuse(request: DisclosureRequest): string[] {
  const { thirdParty, consent, tenancy, window, purpose } = request;
  const { recipients } = thirdParty;
  const row = table[thirdParty.class]?.[purpose];
  const others = [...thirdParty.groupClasses, ...recipients.classes];
  const reached = [thirdParty.class, ...others];
  const tenancyUntil = tenancy.untilDay ?? Number.POSITIVE_INFINITY;
  const since = request.today - consent.givenDay;
  const back = consent.givenDay - window.fromDay;
  const checks: [string, boolean][] = [
    ['third_party_suspended', thirdParty.status !== 'active'],
    ['consent_not_in_force', consent.state !== 'given'],
    ['purpose_not_consented', purpose !== consent.purpose],
    [
      'purpose_not_allowed',
      !thirdParty.purposes.includes(purpose) ||
        row === undefined ||
        (purpose === 'research' && !thirdParty.ethicsApproved),
    ],
    [
      'recipient_not_allowed',
      recipients.notActive > 0 ||
        (purpose === 'underwriting' && recipients.classes.length > 0) ||
        others.some(
          (one) => one !== thirdParty.class && ['network-operator', 'lawful-authority'].includes(one),
        ),
    ],
    ['finer_than_consented', finer(request.resolution, consent.resolution)],
    ['finer_than_class_allows', finer(request.resolution, ceilingOf(request, reached))],
    ['register_not_consented', !consent.registers.includes(request.register)],
    [
      'outside_consent_window',
      window.fromDay < Math.max(consent.window.fromDay, tenancy.fromDay) ||
        window.untilDay > Math.min(consent.window.untilDay, tenancyUntil),
    ],
    ['further_back_than_allowed', back > mostBack(purpose, reached)],
    ['longer_than_allowed', since > longest(request, reached)],
    ['period_not_closed', window.untilDay > request.closedUntilDay],
  ];
  return checks.filter(([, refused]) => refused).map(([reason]) => reason);
}

/** The strictest of the purpose, of everyone reached, and of the meter. */
function ceilingOf({ purpose, consent, prepayment }: DisclosureRequest, reached: string[]): string {
  const chosen = consent.optIn ? 1 : 0;
  return strictest([
    ...reached.map((one) => reachedCeilings[one]?.[chosen] ?? 'PT30M'),
    ...(purpose === 'marketing' ? ['P1M'] : []),
    ...(!consent.optIn && ['marketing', 'billing-time-of-use'].includes(purpose) ? ['none'] : []),
    ...(prepayment && !openToPrepayment.includes(purpose) ? ['P1M'] : []),
  ]);
}

function mostBack(purpose: string, reached: string[]): number {
  const rows = Object.values(table).flatMap((ofClass) => (ofClass[purpose] ? [ofClass[purpose]] : []));
  const months = rows.length === 0 ? 24 : Math.max(...rows.map(([, , back]) => back));
  const most = daysBack[months as 6 | 12 | 24];
  return reached.includes('advertiser') ? Math.min(most, daysBack[6]) : most;
}

function longest({ purpose, consent }: DisclosureRequest, reached: string[]): number {
  const ofPurpose = purpose === 'tariff-comparison' && !consent.once ? lasting[30] : lasting[366];
  return reached.includes('advertiser') ? Math.min(ofPurpose, lasting[183]) : ofPurpose;
}
