// What must hold of every request, not only of those someone thought of: the oracle agrees, and asking more never helps.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openPolicy } from '../../src/policy/engine.ts';
import {
  type DisclosureRequest,
  purposes,
  type Resolution,
  registers,
  resolutionSeconds,
  thirdPartyClasses,
} from '../../src/policy/request.ts';
import { purposesOf } from '../../src/registry/purposes.ts';
import { policyDir } from '../support/policy-dir.ts';
import { reasonsToRefuse } from './disclosure-oracle.ts';

const policy = await openPolicy(policyDir, { remembered: 0 });
const runs = { numRuns: 400 };
const resolutions = Object.keys(resolutionSeconds) as Resolution[];

/** Half of the time what is usual, so that a fair share of the requests is allowed. */
const usually = <T>(usual: T, others: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 5 }, { arbitrary: others, weight: 1 });
const day = fc.integer({ min: 20_000, max: 20_060 });
const days = fc
  .tuple(day, fc.integer({ min: 1, max: 40 }))
  .map(([fromDay, length]) => ({ fromDay, untilDay: fromDay + length }));
const pairs = fc.constantFrom(
  ...thirdPartyClasses.flatMap((each) =>
    purposesOf(each)
      .filter(({ gate }) => gate === 'consent')
      .map(({ purpose }) => [each, purpose] as const),
  ),
);
const few = <T>(items: readonly T[]) => usually<T[]>([], fc.subarray([...items], { maxLength: 2 }));

const requests: fc.Arbitrary<DisclosureRequest> = pairs.chain(([usualClass, usualPurpose]) => {
  const purpose = usually<DisclosureRequest['purpose']>(usualPurpose, fc.constantFrom(...purposes));
  return fc.record({
    thirdParty: fc.record({
      class: usually<DisclosureRequest['thirdParty']['class']>(
        usualClass,
        fc.constantFrom(...thirdPartyClasses),
      ),
      status: usually<'active' | 'pending' | 'suspended'>('active', fc.constantFrom('pending', 'suspended')),
      purposes: usually<DisclosureRequest['thirdParty']['purposes']>(
        [usualPurpose],
        fc.subarray([...purposes]),
      ),
      groupClasses: few(thirdPartyClasses),
      recipients: fc.record({
        classes: few(thirdPartyClasses),
        notActive: usually(0, fc.constant(1)),
      }),
      ethicsApproved: usually(true, fc.constant(false)),
    }),
    consent: fc.record({
      state: usually('given', fc.constantFrom('stopped', 'expired', 'requested', '')),
      purpose,
      resolution: fc.constantFrom(...resolutions),
      optIn: usually(true, fc.constant(false)),
      registers: usually<DisclosureRequest['consent']['registers']>(['import'], fc.subarray([...registers])),
      window: usually({ fromDay: 19_000, untilDay: 20_200 }, days),
      givenDay: usually(20_040, fc.integer({ min: 20_000, max: 20_800 })),
      once: fc.boolean(),
    }),
    tenancy: usually<DisclosureRequest['tenancy']>({ fromDay: 19_000, untilDay: null }, days),
    prepayment: usually(false, fc.constant(true)),
    purpose,
    resolution: usually<Resolution>('P1M', fc.constantFrom(...resolutions)),
    register: usually<DisclosureRequest['register']>('import', fc.constantFrom(...registers)),
    window: days,
    closedUntilDay: usually(20_150, day),
    today: usually(20_060, fc.integer({ min: 20_000, max: 20_500 })),
  });
});

test('the oracle and the policies give the same reasons in the same order', () => {
  const seen = { allowed: 0, refused: 0 };
  fc.assert(
    fc.property(requests, (request) => {
      const { allowed, reasons } = policy.decide(request);
      seen[allowed ? 'allowed' : 'refused'] += 1;
      assert.deepEqual(reasons, reasonsToRefuse(request));
      assert.equal(allowed, reasons.length === 0);
    }),
    { numRuns: 1500 },
  );
  // Agreement on refusals alone would prove little.
  assert.ok(seen.allowed > 100 && seen.refused > 100, JSON.stringify(seen));
});

describe('a refusal stays a refusal when more is asked for:', () => {
  const neverHelps = (more: fc.Arbitrary<(request: DisclosureRequest) => DisclosureRequest>) =>
    fc.assert(
      fc.property(requests, more, (request, grow) => {
        if (policy.decide(grow(request)).allowed) assert.equal(policy.decide(request).allowed, true);
      }),
      runs,
    );
  const someDays = fc.integer({ min: 1, max: 400 });

  test('a finer resolution', () =>
    neverHelps(
      fc.nat(4).map((steps) => (request) => {
        const finer = resolutions[Math.max(0, resolutions.indexOf(request.resolution) - steps)];
        return { ...request, resolution: finer ?? request.resolution };
      }),
    ));

  test('a window that ends later', () =>
    neverHelps(
      someDays.map((more) => (request) => ({
        ...request,
        window: { ...request.window, untilDay: request.window.untilDay + more },
      })),
    ));

  test('a window that begins earlier', () =>
    neverHelps(
      someDays.map((more) => (request) => ({
        ...request,
        window: { ...request.window, fromDay: request.window.fromDay - more },
      })),
    ));
});

describe('a refusal stays a refusal when less is agreed to:', () => {
  const neverHelps = (fewer: (request: DisclosureRequest) => DisclosureRequest) =>
    fc.assert(
      fc.property(requests, (request) => {
        if (policy.decide(fewer(request)).allowed) assert.equal(policy.decide(request).allowed, true);
      }),
      runs,
    );
  const consented = (request: DisclosureRequest, change: Partial<DisclosureRequest['consent']>) => ({
    ...request,
    consent: { ...request.consent, ...change },
  });

  test('a coarser consent', () => neverHelps((request) => consented(request, { resolution: 'P1M' })));
  test('a consent nobody chose', () => neverHelps((request) => consented(request, { optIn: false })));
  test('a shorter consent', () =>
    neverHelps((request) =>
      consented(request, {
        window: { ...request.consent.window, untilDay: request.consent.window.untilDay - 9 },
      }),
    ));
  test('fewer closed days', () =>
    neverHelps((request) => ({ ...request, closedUntilDay: request.closedUntilDay - 9 })));
});

describe('a refusal stays a refusal when the readings reach more:', () => {
  const others = fc.constantFrom(...thirdPartyClasses);
  const neverHelps = (
    grow: (request: DisclosureRequest, other: DisclosureRequest['thirdParty']['class']) => DisclosureRequest,
  ) =>
    fc.assert(
      fc.property(requests, others, (request, other) => {
        if (policy.decide(grow(request, other)).allowed) assert.equal(policy.decide(request).allowed, true);
      }),
      runs,
    );

  test('another member of the group', () =>
    neverHelps((request, other) => ({
      ...request,
      thirdParty: { ...request.thirdParty, groupClasses: [...request.thirdParty.groupClasses, other] },
    })));
  test('another recipient', () =>
    neverHelps((request, other) => {
      const { classes, notActive } = request.thirdParty.recipients;
      return {
        ...request,
        thirdParty: { ...request.thirdParty, recipients: { classes: [...classes, other], notActive } },
      };
    }));
  test('a day later', () => neverHelps((request) => ({ ...request, today: request.today + 1 })));
});
