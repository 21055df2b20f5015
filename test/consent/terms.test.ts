import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ConsentChoice,
  type ConsentTerms,
  expiryMs,
  narrowTerms,
  offeredResolutions,
} from '../../src/consent/terms.ts';
import type { MeterPointId } from '../../src/lib/ids.ts';
import { addDays, localDate } from '../../src/lib/local-date.ts';
import { resolutions } from '../../src/registry/purposes.ts';

const day = (offset: number) => addDays(localDate('2025-01-01'), offset);
const point = (id: string, fuel: 'electricity' | 'gas', until: number | null = null) => ({
  meterPointId: id as MeterPointId,
  fuel,
  tenancyFrom: day(0),
  tenancyUntil: until === null ? null : day(until),
  tenancyOver: false,
  linkLapsesAt: new Date('2126-01-01T00:00:00Z'),
});
const home = [
  point('a', 'electricity'),
  point('b', 'gas'),
  point('c', 'electricity'),
  point('left', 'electricity', 1),
];

const asked: ConsentTerms = {
  purpose: 'energy-advice',
  fuels: ['electricity'],
  registers: ['import', 'export'],
  resolution: 'P1D',
  from: day(100),
  until: day(200),
  once: false,
  note: null,
};
const plain: ConsentChoice = { resolution: 'P1D', meterPoints: ['a' as MeterPointId] };

const anyRegisters = fc.subarray(['import', 'export', 'generation'] as const);
const anyTerms: fc.Arbitrary<ConsentTerms> = fc.record({
  purpose: fc.constant('energy-advice' as const),
  fuels: fc.subarray(['electricity', 'gas'] as const, { minLength: 1 }),
  registers: fc.subarray(['import', 'export', 'generation'] as const, { minLength: 1 }),
  resolution: fc.constantFrom(...resolutions),
  from: fc.integer({ min: 0, max: 30 }).map(day),
  until: fc.integer({ min: 31, max: 60 }).map(day),
  once: fc.boolean(),
  note: fc.constant(null),
});
const anyChoice: fc.Arbitrary<ConsentChoice> = fc.record({
  resolution: fc.option(fc.constantFrom(...resolutions)),
  from: fc.option(fc.integer({ min: 20, max: 32 }).map(day), { nil: undefined }),
  until: fc.option(fc.integer({ min: 30, max: 40 }).map(day), { nil: undefined }),
  registers: fc.option(anyRegisters, { nil: undefined }),
  meterPoints: fc.oneof(
    fc.subarray(['a', 'c'] as unknown as MeterPointId[]),
    fc.subarray(['a', 'b', 'c', 'left', 'stranger'] as unknown as MeterPointId[]),
  ),
});

test('a choice never widens what was asked for', () => {
  const fineness = { P1M: 0, P1D: 1, PT30M: 2 };
  let accepted = 0;
  fc.assert(
    fc.property(anyTerms, anyChoice, (terms, choice) => {
      const result = narrowTerms(terms, choice, home);
      if (!result.ok) return assert.ok(result.problems.length > 0);
      accepted++;
      const given = result.terms;
      assert.ok(fineness[given.resolution] <= fineness[terms.resolution]);
      assert.ok(given.from >= terms.from && given.until <= terms.until && given.from < given.until);
      assert.ok(given.registers.length > 0 && given.registers.every((r) => terms.registers.includes(r)));
      assert.ok(given.fuels.length > 0 && given.fuels.every((fuel) => terms.fuels.includes(fuel)));
      assert.deepEqual(
        [given.purpose, given.once, given.note],
        [terms.purpose, terms.once, terms.note],
        'purpose, once and note are not the householder’s to change',
      );
      for (const id of result.meterPoints) {
        const owned = home.find((each) => each.meterPointId === id);
        assert.ok(owned && terms.fuels.includes(owned.fuel) && choice.meterPoints.includes(id));
      }
      assert.equal(given.resolution, choice.resolution);
    }),
    { numRuns: 1000 },
  );
  assert.ok(accepted > 5, `only ${accepted} good choices were made`);
});

test('every problem of a choice is named, all at once', () => {
  const problems = (choice: Partial<ConsentChoice>) => {
    const result = narrowTerms(asked, { ...plain, ...choice }, home);
    return result.ok ? [] : result.problems;
  };
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ resolution: null, meterPoints: [] }), [
    'resolution_missing',
    'meter_points_none',
  ]);
  assert.deepEqual(problems({ resolution: 'PT30M' }), ['resolution_finer']);
  assert.deepEqual(problems({ from: day(99) }), ['from_earlier']);
  assert.deepEqual(problems({ until: day(201) }), ['until_later']);
  assert.deepEqual(problems({ from: day(150), until: day(150) }), ['window_empty']);
  assert.deepEqual(problems({ registers: [] }), ['registers_none']);
  assert.deepEqual(problems({ registers: ['generation'] }), ['registers_more']);
  assert.deepEqual(problems({ meterPoints: ['b' as MeterPointId] }), ['meter_points_unknown']);
  assert.deepEqual(problems({ meterPoints: ['left' as MeterPointId] }), ['meter_points_unknown']);
});

test('unless ticked, only what the home buys is shared', () => {
  const result = narrowTerms(asked, plain, home);
  assert.deepEqual(result.ok && result.terms.registers, ['import']);
  const only = narrowTerms({ ...asked, registers: ['export'] }, plain, home);
  assert.deepEqual(only.ok && only.terms.registers, ['export']);
});

test('coarser steps are offered with the asked one', () => {
  assert.deepEqual(offeredResolutions('P1M'), ['P1M']);
  assert.deepEqual(offeredResolutions('PT30M'), ['P1M', 'P1D', 'PT30M']);
});

test('a consent ends as its last day ends in the zone of the meter point', () => {
  const now = Date.UTC(2026, 5, 1);
  const until = localDate('2026-07-01');
  assert.equal(expiryMs({ until }, ['Europe/London'], now), Date.UTC(2026, 5, 30, 23));
  assert.equal(expiryMs({ until }, ['America/Los_Angeles', 'Europe/London'], now), Date.UTC(2026, 5, 30, 23));
});

test('a consent wholly about the past lives 30 days', () => {
  const now = Date.UTC(2026, 5, 1);
  assert.equal(expiryMs({ until: localDate('2026-05-01') }, ['UTC'], now), now + 30 * 86_400_000);
  assert.equal(expiryMs({ until: localDate('2026-06-01') }, ['UTC'], now), now + 30 * 86_400_000);
});

test('a consent ends on a whole second, because that is what its entry says', () => {
  const now = Date.UTC(2026, 5, 1) + 700;
  assert.equal(expiryMs({ until: localDate('2026-05-01') }, ['UTC'], now), now - 700 + 30 * 86_400_000);
});
