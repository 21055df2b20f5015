// The limits by name: how often, in how many seconds, and counted by what. An operator may set each.

export interface RatePolicy {
  readonly quota: number;
  readonly windowSeconds: number;
}

export const standardRatePolicies = {
  /** Pushed requests of a third party: each is a person who is asked. */
  par: { quota: 600, windowSeconds: 60 },
  /** Tokens of a third party. */
  tokens: { quota: 60_000, windowSeconds: 60 },
  /** Calls of the data API by a third party. */
  reads: { quota: 60_000, windowSeconds: 60 },
  /** Calls with a bad assertion, token or proof, or that cannot be read, by address. */
  failures: { quota: 1200, windowSeconds: 60 },
  /** What anyone may fetch, by address. */
  public: { quota: 12_000, windowSeconds: 60 },
  /** Pages, by address: before anyone has signed in, and all who share one. */
  pages: { quota: 1200, windowSeconds: 60 },
  /** A signed-in household's own pages. Stopping is never counted. */
  household: { quota: 300, windowSeconds: 60 },
  /** Sign-in codes asked for, by address. */
  'sign-in': { quota: 100, windowSeconds: 600 },
  /** Sign-in codes and others tried, by address; each sign-in code has five tries besides. */
  'sign-in-code': { quota: 100, windowSeconds: 600 },
  /** Codes from the post tried, by household. */
  'activation-code': { quota: 10, windowSeconds: 3600 },
  /** Registrations by a program, by address. */
  registrations: { quota: 20, windowSeconds: 3600 },
} as const satisfies Record<string, RatePolicy>;

export type RatePolicyName = keyof typeof standardRatePolicies;
export type RatePolicies = Readonly<Record<RatePolicyName, RatePolicy>>;

/** As it is set. */
export const ratePolicyText = Object.entries(standardRatePolicies)
  .map(([name, { quota, windowSeconds }]) => `${name}=${quota}/${windowSeconds}`)
  .join(',');

const mostQuota = 10_000_000;
const longestWindowSeconds = 86_400;

/** `par=600/60,tokens=6000/60`: what is not named stays as it is. Null for anything else. */
export function readRatePolicies(text: string): RatePolicies | null {
  const policies: Record<RatePolicyName, RatePolicy> = { ...standardRatePolicies };
  for (const part of text.split(',')) {
    const [, name = '', quota, windowSeconds] = /^([a-z-]+)=(\d{1,8})\/(\d{1,5})$/.exec(part.trim()) ?? [];
    if (!(name in standardRatePolicies)) return null;
    const policy = { quota: Number(quota), windowSeconds: Number(windowSeconds) };
    if (policy.quota < 1 || policy.quota > mostQuota) return null;
    if (policy.windowSeconds < 1 || policy.windowSeconds > longestWindowSeconds) return null;
    policies[name as RatePolicyName] = policy;
  }
  return policies;
}
