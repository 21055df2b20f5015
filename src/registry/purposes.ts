// Who may be a third party and what each class may ask for: the table of purposes as data.
// It only says what may be registered and asked; what leaves the broker is decided by the policies, which are stricter.
import type { Purpose, ThirdPartyClass } from '../policy/request.ts';

/** Coarsest first. */
export const resolutions = ['P1M', 'P1D', 'PT30M'] as const;
export type Resolution = (typeof resolutions)[number];

export interface PurposeRule {
  readonly purpose: Purpose;
  /** By what right: only `consent` can be asked of a householder. */
  readonly gate: 'consent' | 'licence' | 'aggregate' | 'order';
  /** The finest resolution that may be asked for, opt-in included; null where no household's readings are given. */
  readonly finest: Resolution | null;
}

const consent = (purpose: Purpose, finest: Resolution): PurposeRule => ({ purpose, gate: 'consent', finest });
const licence = (purpose: Purpose, finest: Resolution): PurposeRule => ({ purpose, gate: 'licence', finest });
const aggregate = (purpose: Purpose): PurposeRule => ({ purpose, gate: 'aggregate', finest: null });

const purposesByClass: Readonly<Record<ThirdPartyClass, readonly PurposeRule[]>> = {
  supplier: [
    licence('billing', 'P1M'),
    consent('billing-time-of-use', 'PT30M'),
    consent('service', 'PT30M'),
    licence('settlement', 'PT30M'),
    licence('forecasting', 'PT30M'),
    consent('marketing', 'P1M'),
  ],
  'network-operator': [aggregate('network-planning')],
  'price-comparison': [consent('tariff-comparison', 'P1D')],
  'energy-adviser': [consent('energy-advice', 'PT30M'), consent('automation', 'PT30M')],
  insurer: [consent('underwriting', 'P1M'), consent('claim', 'P1M')],
  council: [consent('fuel-poverty', 'P1D'), consent('vulnerability', 'P1D'), aggregate('area-planning')],
  advertiser: [consent('marketing', 'P1M')],
  researcher: [consent('research', 'PT30M')],
  'lawful-authority': [{ purpose: 'lawful-order', gate: 'order', finest: 'PT30M' }],
};

export const purposesOf = (thirdPartyClass: ThirdPartyClass): readonly PurposeRule[] =>
  purposesByClass[thirdPartyClass];

export const purposeRule = (thirdPartyClass: ThirdPartyClass, purpose: string): PurposeRule | undefined =>
  purposesByClass[thirdPartyClass].find((rule) => rule.purpose === purpose);

/** Whether `a` shows more than `b`. */
export const isFiner = (a: Resolution, b: Resolution): boolean =>
  resolutions.indexOf(a) > resolutions.indexOf(b);
