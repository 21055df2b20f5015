// Who may be a third party and what each class may ask for: the table of purposes as data.
// It only says what may be registered and asked, so that what the policies would refuse is refused early; what leaves is
// decided by the policies alone, and a test holds the two together.
import type { Purpose, ThirdPartyClass } from '../policy/request.ts';

/** Coarsest first. */
export const resolutions = ['P1M', 'P1D', 'PT30M'] as const;
export type Resolution = (typeof resolutions)[number];

export interface PurposeRule {
  readonly purpose: Purpose;
  /** By what right: only `consent` can be asked of a householder. */
  readonly gate: 'consent' | 'licence' | 'aggregate' | 'order';
  /** The finest resolution without a choice of its own; null where there is no default, or no household's readings. */
  readonly byDefault: Resolution | null;
  /** The finest resolution that may be asked for, opt-in included; null where no household's readings are given. */
  readonly finest: Resolution | null;
  /** How far back a request may reach, in whole months, and how far ahead, counted from the day on which it is made. */
  readonly monthsBack: number;
  readonly ahead: { readonly months: number } | { readonly days: number };
}

const year = { monthsBack: 12, ahead: { months: 12 } } as const;
/** As long as what it is for lasts, within what any consent can be. */
const asLongAsItLasts = { monthsBack: 24, ahead: { months: 12 } } as const;

type Ceiling = readonly [byDefault: Resolution | null, finest: Resolution];
type Times = Pick<PurposeRule, 'monthsBack' | 'ahead'>;
const consent = (purpose: Purpose, [byDefault, finest]: Ceiling, times: Times): PurposeRule => ({
  purpose,
  gate: 'consent',
  byDefault,
  finest,
  ...times,
});
const byRight = (gate: 'licence' | 'order', purpose: Purpose, [byDefault, finest]: Ceiling): PurposeRule => ({
  purpose,
  gate,
  byDefault,
  finest,
  ...asLongAsItLasts,
});
const aggregate = (purpose: Purpose): PurposeRule => ({
  purpose,
  gate: 'aggregate',
  byDefault: null,
  finest: null,
  ...asLongAsItLasts,
});

const purposesByClass: Readonly<Record<ThirdPartyClass, readonly PurposeRule[]>> = {
  supplier: [
    byRight('licence', 'billing', ['P1M', 'P1M']),
    consent('billing-time-of-use', [null, 'PT30M'], asLongAsItLasts),
    consent('service', ['P1D', 'PT30M'], asLongAsItLasts),
    byRight('licence', 'settlement', ['PT30M', 'PT30M']),
    byRight('licence', 'forecasting', ['PT30M', 'PT30M']),
    consent('marketing', [null, 'P1M'], year),
  ],
  'network-operator': [aggregate('network-planning')],
  'price-comparison': [consent('tariff-comparison', ['P1M', 'P1D'], { monthsBack: 12, ahead: { days: 30 } })],
  'energy-adviser': [
    consent('energy-advice', ['P1D', 'PT30M'], year),
    consent('automation', ['P1D', 'PT30M'], year),
  ],
  insurer: [consent('underwriting', ['P1M', 'P1M'], year), consent('claim', ['P1M', 'P1M'], asLongAsItLasts)],
  council: [
    consent('fuel-poverty', ['P1M', 'P1D'], year),
    consent('vulnerability', ['P1M', 'P1D'], year),
    aggregate('area-planning'),
  ],
  advertiser: [consent('marketing', [null, 'P1M'], { monthsBack: 6, ahead: { months: 6 } })],
  researcher: [consent('research', ['P1D', 'PT30M'], asLongAsItLasts)],
  'lawful-authority': [byRight('order', 'lawful-order', ['PT30M', 'PT30M'])],
};

export const purposesOf = (thirdPartyClass: ThirdPartyClass): readonly PurposeRule[] =>
  purposesByClass[thirdPartyClass];

export const purposeRule = (thirdPartyClass: ThirdPartyClass, purpose: string): PurposeRule | undefined =>
  purposesByClass[thirdPartyClass].find((rule) => rule.purpose === purpose);

/** Whoever has power over the householder could not be told no, so they cannot be registered at all. */
export const refusedClasses = ['landlord', 'letting-agent', 'employer', 'lender', 'debt-collector'] as const;

/** Whether `a` shows more than `b`. */
export const isFiner = (a: Resolution, b: Resolution): boolean =>
  resolutions.indexOf(a) > resolutions.indexOf(b);

const coarsest = (a: Resolution, b: Resolution): Resolution => (isFiner(a, b) ? b : a);

/** What another may have at most of what reaches it, whatever it is for; null where it may have nothing of a household. */
const finestOf = (thirdPartyClass: ThirdPartyClass): Resolution | null => {
  const rules = purposesByClass[thirdPartyClass].filter(({ gate }) => gate !== 'order');
  return rules.reduce<Resolution | null>(
    (most, { finest }) => (finest === null ? most : most === null || isFiner(finest, most) ? finest : most),
    null,
  );
};

/** Whom the readings of a third party reach beside itself, each once. */
export interface Reach {
  readonly groupClasses: readonly ThirdPartyClass[];
  readonly recipientClasses: readonly ThirdPartyClass[];
}

/** The rule with the strictest ceiling of the third party, its group and its recipients; or why there is none, in words. */
export function ruleWithin(
  rule: PurposeRule,
  { groupClasses, recipientClasses }: Reach,
): { readonly rule: PurposeRule } | { readonly refusal: string } {
  if (rule.purpose === 'underwriting' && recipientClasses.length > 0)
    return { refusal: 'readings for underwriting are not passed on, and a recipient is registered' };
  let strictest = rule;
  for (const reached of new Set([...groupClasses, ...recipientClasses])) {
    const most = finestOf(reached);
    if (most === null)
      return { refusal: `the readings would reach a ${reached}, which may have no household's readings` };
    strictest = {
      ...strictest,
      finest: strictest.finest === null ? null : coarsest(strictest.finest, most),
      ...(reached === 'advertiser'
        ? { monthsBack: Math.min(6, strictest.monthsBack), ahead: atMostSixMonths(strictest.ahead) }
        : {}),
    };
  }
  return { rule: strictest };
}

const atMostSixMonths = (ahead: PurposeRule['ahead']): PurposeRule['ahead'] =>
  'days' in ahead ? ahead : { months: Math.min(6, ahead.months) };
