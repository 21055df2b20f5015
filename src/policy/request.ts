// The facts that a disclosure is decided on, and how they are put to Cedar. Pure.
// Every fact is required, and a fact that makes no sense throws: a missing fact must never read as permission.

export const thirdPartyClasses = [
  'supplier',
  'network-operator',
  'price-comparison',
  'energy-adviser',
  'insurer',
  'council',
  'advertiser',
  'researcher',
  'lawful-authority',
] as const;
export type ThirdPartyClass = (typeof thirdPartyClasses)[number];

export const purposes = [
  'billing',
  'billing-time-of-use',
  'service',
  'settlement',
  'forecasting',
  'marketing',
  'network-planning',
  'tariff-comparison',
  'energy-advice',
  'automation',
  'underwriting',
  'claim',
  'fuel-poverty',
  'vulnerability',
  'area-planning',
  'council-tax',
  'research',
  'lawful-order',
] as const;
export type Purpose = (typeof purposes)[number];

export const registers = ['import', 'export', 'generation'] as const;
export type Register = (typeof registers)[number];

/** ISO 8601 durations, finest first, with the length that policies compare: seconds, a month counted as 30 days. */
export const resolutionSeconds = {
  PT15M: 900,
  PT30M: 1800,
  PT1H: 3600,
  P1D: 86_400,
  P1M: 2_592_000,
} as const;
export type Resolution = keyof typeof resolutionSeconds;

/** Whole local days since 1970-01-01; `untilDay` is the first day not in it. */
export interface Days {
  readonly fromDay: number;
  readonly untilDay: number;
}

export interface DisclosureRequest {
  readonly thirdParty: {
    readonly class: ThirdPartyClass;
    readonly status: 'active' | 'pending' | 'suspended';
    readonly purposes: readonly Purpose[];
    /** Of the other members of its legal group. */
    readonly groupClasses: readonly ThirdPartyClass[];
    /** Those to whom it passes readings on: the class of each, and how many are not in good standing. */
    readonly recipients: { readonly classes: readonly ThirdPartyClass[]; readonly notActive: number };
    /** True where the number of an ethics approval is registered. */
    readonly ethicsApproved: boolean;
  };
  readonly consent: {
    /** The state at the moment of the read, time already applied: `given` while the consent is in force. */
    readonly state: string;
    readonly purpose: Purpose;
    readonly resolution: Resolution;
    /** True where the householder chose the resolution with nothing chosen beforehand. */
    readonly optIn: boolean;
    readonly registers: readonly Register[];
    readonly window: Days;
    /** The local day on which it was given. */
    readonly givenDay: number;
    /** True where each meter point may be read a single time. */
    readonly once: boolean;
  };
  /** The occupier's time at the meter point; `untilDay` null while the tenancy lasts. */
  readonly tenancy: { readonly fromDay: number; readonly untilDay: number | null };
  /** True where the meter is known to be paid for beforehand. */
  readonly prepayment: boolean;
  readonly purpose: Purpose;
  readonly resolution: Resolution;
  readonly register: Register;
  readonly window: Days;
  /** The first local day that has not closed for this resolution. */
  readonly closedUntilDay: number;
  /** The local day on which the readings would leave. */
  readonly today: number;
}

interface EntityUid {
  readonly type: string;
  readonly id: string;
}
interface EntityValue {
  readonly __entity: EntityUid;
}

/** What Cedar is asked: integers, strings, and names from the enumerated types; its keys always in one order. */
export interface CedarRequest {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: Readonly<Record<string, number | string | EntityValue | EntityValue[]>>;
}

/** Beyond any date: a tenancy that lasts. */
export const openEndedDay = 1_000_000_000;

/** Throws RangeError on a fact that makes no sense: not an integer, an unknown resolution, an empty window. */
export function cedarRequest(facts: DisclosureRequest): CedarRequest {
  const { thirdParty, consent, tenancy, window } = facts;
  if (!(window.fromDay < window.untilDay)) throw new RangeError('the window of the request holds no day');
  const reached = [thirdParty.class, ...thirdParty.groupClasses, ...thirdParty.recipients.classes];
  return {
    principal: { type: 'ThirdPartyClass', id: thirdParty.class },
    action: { type: 'Action', id: 'disclose' },
    resource: { type: 'Purpose', id: facts.purpose },
    context: {
      third_party_status: thirdParty.status,
      registered_purposes: values('Purpose', thirdParty.purposes),
      reached_classes: values('ThirdPartyClass', reached),
      recipients: count(thirdParty.recipients.classes.length),
      recipients_not_active: count(thirdParty.recipients.notActive),
      ethics_approved: flag(thirdParty.ethicsApproved),
      consent_state: consent.state,
      consented_purpose: value('Purpose', consent.purpose),
      consented_resolution_s: seconds(consent.resolution),
      opt_in: flag(consent.optIn),
      consented_registers: values('Register', consent.registers),
      consented_from_day: day(consent.window.fromDay),
      consented_until_day: day(consent.window.untilDay),
      given_day: day(consent.givenDay),
      once: flag(consent.once),
      tenancy_from_day: day(tenancy.fromDay),
      tenancy_until_day: day(tenancy.untilDay === null ? openEndedDay : tenancy.untilDay),
      prepayment: flag(facts.prepayment),
      resolution_s: seconds(facts.resolution),
      register: value('Register', facts.register),
      from_day: day(window.fromDay),
      to_day: day(window.untilDay),
      closed_until_day: day(facts.closedUntilDay),
      today: day(facts.today),
    },
  };
}

export const value = (type: string, id: string): EntityValue => ({ __entity: { type, id } });

/** Sorted and each once, because a set has no order and equal facts must look equal. */
export const values = (type: string, ids: readonly string[]): EntityValue[] =>
  [...new Set(ids)].sort().map((id) => value(type, id));

const flag = (fact: boolean): number => {
  if (typeof fact !== 'boolean') throw new RangeError(`${fact} is neither true nor false`);
  return fact ? 1 : 0;
};

export const count = (number: number): number => {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${number} is not a count`);
  return number;
};

export function day(number: number): number {
  if (!Number.isInteger(number) || Math.abs(number) > openEndedDay)
    throw new RangeError(`${number} is not a day`);
  return number;
}

export function seconds(resolution: Resolution): number {
  if (!Object.hasOwn(resolutionSeconds, resolution))
    throw new RangeError(`${resolution} is not a resolution`);
  return resolutionSeconds[resolution];
}
