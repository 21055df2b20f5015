// What must hold of every read without a consent: the oracle agrees, the ledger's table agrees, and asking more never helps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { licensed } from '../../src/ledger/licence.ts';
import { openPolicy } from '../../src/policy/engine.ts';
import {
  type Purpose,
  purposes,
  type Resolution,
  registers,
  resolutionSeconds,
  thirdPartyClasses,
} from '../../src/policy/request.ts';
import type { RightRequest } from '../../src/policy/right-request.ts';
import { policyDir } from '../support/policy-dir.ts';
import { reasonsToRefuseByRight } from './by-right-oracle.ts';

const policy = await openPolicy(policyDir, { remembered: 0 });
const resolutions = Object.keys(resolutionSeconds) as Resolution[];

/** Most of the time what is usual, so that a fair share of the requests is allowed. */
const usually = <T>(usual: T, others: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 6 }, { arbitrary: others, weight: 1 });
const few = <T>(items: readonly T[]) => usually<T[]>([], fc.subarray([...items], { maxLength: 2 }));
const day = fc.integer({ min: 20_000, max: 20_060 });
const days = fc
  .tuple(day, fc.integer({ min: 1, max: 40 }))
  .map(([fromDay, length]) => ({ fromDay, untilDay: fromDay + length }));
const usual = fc.constantFrom(
  ...(['billing', 'service', 'settlement', 'forecasting'] as const).map(
    (purpose) => ['licence', 'supplier', purpose] as const,
  ),
  ['order', 'lawful-authority', 'lawful-order'] as const,
);

const requests: fc.Arbitrary<RightRequest> = usual.chain(([basis, itsClass, purpose]) =>
  fc.record({
    thirdParty: fc.record({
      class: usually<RightRequest['thirdParty']['class']>(itsClass, fc.constantFrom(...thirdPartyClasses)),
      status: usually<'active' | 'pending' | 'suspended'>('active', fc.constantFrom('pending', 'suspended')),
      purposes: usually<readonly Purpose[]>([purpose], fc.subarray([...purposes])),
      groupClasses: few(thirdPartyClasses),
      recipients: fc.record({ classes: few(thirdPartyClasses), notActive: usually(0, fc.constant(1)) }),
    }),
    right: fc.record({
      basis: usually<'licence' | 'order'>(basis, fc.constantFrom('licence', 'order')),
      state: usually('in-force', fc.constantFrom('over', '')),
      resolution: usually<Resolution | null>(null, fc.constantFrom(...resolutions)),
      registers: usually<RightRequest['right']['registers']>(['import'], fc.subarray([...registers])),
      days: usually<RightRequest['right']['days']>({ fromDay: 19_000, untilDay: null }, days),
      optedOut: few<Purpose>(['service', 'settlement', 'forecasting', 'billing']),
    }),
    tenancy: usually<RightRequest['tenancy']>(null, days),
    purpose: usually<Purpose>(purpose, fc.constantFrom(...purposes)),
    resolution: usually<Resolution>('P1M', fc.constantFrom(...resolutions)),
    register: usually<RightRequest['register']>('import', fc.constantFrom(...registers)),
    window: days,
    closedUntilDay: usually(20_150, day),
  }),
);

test('the oracle and the policies give the same reasons in the same order', () => {
  const seen = { allowed: 0, refused: 0 };
  fc.assert(
    fc.property(requests, (request) => {
      const { allowed, reasons } = policy.decideByRight(request);
      seen[allowed ? 'allowed' : 'refused'] += 1;
      assert.deepEqual(reasons, reasonsToRefuseByRight(request));
      assert.equal(allowed, reasons.length === 0);
    }),
    { numRuns: 1500 },
  );
  assert.ok(seen.allowed > 100 && seen.refused > 100, JSON.stringify(seen));
});

test('what the policies allow by licence, a verifier of the log allows too', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const { basis, optedOut } = request.right;
      if (basis !== 'licence' || !policy.decideByRight(request).allowed) return;
      const row = licensed[request.purpose];
      assert.ok(row !== undefined, request.purpose);
      const most = optedOut.includes(request.purpose) && row.optedOut !== undefined ? row.optedOut : row.most;
      assert.ok(most !== null && resolutionSeconds[request.resolution] >= resolutionSeconds[most]);
    }),
    { numRuns: 1500 },
  );
});

const neverHelps = (grow: (request: RightRequest, by: number) => RightRequest) =>
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 400 }), (request, by) => {
      if (policy.decideByRight(grow(request, by)).allowed)
        assert.equal(policy.decideByRight(request).allowed, true);
    }),
    { numRuns: 400 },
  );

test('a refusal stays one when finer readings are asked for', () =>
  neverHelps((request, by) => ({
    ...request,
    resolution: resolutions[Math.max(0, resolutions.indexOf(request.resolution) - (by % 5))] as Resolution,
  })));

test('a refusal stays one when more days are asked for', () =>
  neverHelps(({ window, ...request }, by) => ({
    ...request,
    window: { fromDay: window.fromDay - by, untilDay: window.untilDay + by },
  })));

test('a refusal stays one when a household refuses more', () =>
  neverHelps(({ right, ...request }) => ({
    ...request,
    right: { ...right, optedOut: ['service', 'settlement', 'forecasting'] },
  })));
