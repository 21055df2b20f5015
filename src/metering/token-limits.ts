// What a token is for may be less than its consent (RFC 9396 section 6): the facts of a read are cut down to it before the
// policy sees them, so that a narrower token is judged as a narrower consent would be. Pure.
import type { MeterRef } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import { type Register, type Resolution, resolutionSeconds } from '../policy/request.ts';
import type { ReadableConsent, ReleaseFacts } from './release-store.ts';

/** As they stand in the access token. */
export interface TokenLimits {
  readonly fuels: readonly string[];
  readonly registers: readonly Register[];
  readonly resolution: Resolution;
  readonly from: LocalDate;
  readonly until: LocalDate;
  readonly meterRefs: readonly MeterRef[];
}

type Terms = Pick<ReleaseFacts, 'resolution' | 'from' | 'until' | 'registers'>;

const termsWithin = (terms: Terms, limits: TokenLimits): Terms => ({
  resolution: coarser(terms.resolution, limits.resolution),
  from: terms.from > limits.from ? terms.from : limits.from,
  until: terms.until < limits.until ? terms.until : limits.until,
  registers: terms.registers.filter((register) => limits.registers.includes(register)),
});

const coarser = (a: Resolution, b: Resolution): Resolution =>
  resolutionSeconds[a] >= resolutionSeconds[b] ? a : b;

/**
 * A meter point that the token does not name is as unknown as one that the consent does not have; so are all of them where
 * the consent was narrowed since, and nothing of what the token is for is left.
 */
export function factsWithin(facts: ReleaseFacts, limits: TokenLimits, meterRef: MeterRef): ReleaseFacts {
  const { meterPoint } = facts;
  const terms = termsWithin(facts, limits);
  const isNamed =
    meterPoint !== null && limits.meterRefs.includes(meterRef) && limits.fuels.includes(meterPoint.fuel);
  if (terms.from >= terms.until || terms.registers.length === 0) return { ...facts, meterPoint: null };
  return { ...facts, ...terms, meterPoint: isNamed ? meterPoint : null };
}

export const readableWithin = (readable: ReadableConsent, limits: TokenLimits): ReadableConsent => ({
  ...readable,
  ...termsWithin(readable, limits),
  meterPoints: readable.meterPoints.filter(
    ({ meterRef, fuel }) => limits.meterRefs.includes(meterRef) && limits.fuels.includes(fuel),
  ),
});
