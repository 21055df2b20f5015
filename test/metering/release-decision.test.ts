// For whatever consents, tokens, requests and facts: nothing is decided that is more than the consent allows, more than the
// token is for, or more than was asked. With the real policies, and with what may not be looked at twice left to them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MeterRef } from '../../src/lib/ids.ts';
import { addDays, type LocalDate, localDate, startOfLocalDayMs } from '../../src/lib/local-date.ts';
import type { ReadRequest } from '../../src/metering/read-request.ts';
import { decide } from '../../src/metering/release-decision.ts';
import type { ReleaseFacts } from '../../src/metering/release-store.ts';
import { factsWithin, type TokenLimits } from '../../src/metering/token-limits.ts';
import { openPolicy } from '../../src/policy/engine.ts';
import { type Register, type Resolution, registers, resolutionSeconds } from '../../src/policy/request.ts';

const policy = await openPolicy(join(import.meta.dirname, '../../policies'));
const zone = 'Europe/London';
const first = localDate('2026-01-01');
const day = (offset: number): LocalDate => addDays(first, offset);
const meterRef = 'mp_AAAAAAAAAAAAAAAAAAAAAA' as MeterRef;

const fineness = fc.constantFrom<Resolution>('P1M', 'P1D', 'PT30M');
const someRegisters = fc.subarray<Register>([...registers], { minLength: 1 });
/** Around three months that may be asked for. */
const wide = fc
  .tuple(fc.integer({ min: -5, max: 40 }), fc.integer({ min: 55, max: 95 }))
  .map(([from, until]) => ({ from: day(from), until: day(until) }));

const anyFacts: fc.Arbitrary<ReleaseFacts> = fc
  .record({
    ...{ state: fc.constantFrom('given', 'given', 'given', 'stopped', 'expired'), resolution: fineness },
    ...{
      registers: someRegisters,
      window: wide,
      tenancy: wide,
      status: fc.constantFrom('active', 'suspended'),
    },
    expiresDay: fc.integer({ min: 90, max: 400 }),
  })
  .map(({ window, tenancy, status, expiresDay, ...terms }) => ({
    ...{ householdId: 'household_x' as never, clientId: 'client_x', version: 1, once: false },
    ...{ thirdPartyClass: 'energy-adviser' as const, thirdPartyStatus: status as 'active' | 'suspended' },
    ...{ registeredPurposes: ['energy-advice' as const], ethicsApproved: false },
    ...{ groupClasses: ['energy-adviser' as const], recipients: { classes: [], notActive: 0 } },
    ...{ purpose: 'energy-advice' as const, ...terms, ...window },
    ...{ expiresAtMs: startOfLocalDayMs(day(expiresDay), zone), givenAtMs: startOfLocalDayMs(day(80), zone) },
    meterPoint: {
      ...{ mpan: '1', fuel: 'electricity', zone, prepayment: false },
      ...{ tenancyFrom: tenancy.from, tenancyUntil: tenancy.until },
    },
  }));

const anyLimits: fc.Arbitrary<TokenLimits> = fc
  .record({ resolution: fineness, registers: someRegisters, window: wide, named: fc.boolean() })
  .map(({ window, named, ...rest }) => ({
    ...{ fuels: ['electricity'], ...rest, ...window },
    meterRefs: named ? [meterRef] : [],
  }));

const anyAsked = fc
  .record({
    ...{ resolution: fineness, register: fc.constantFrom<Register>(...registers) },
    ...{ from: fc.integer({ min: 0, max: 60 }), days: fc.integer({ min: 1, max: 40 }) },
  })
  .map(({ from, days, ...rest }) => ({ ...rest, window: { from: day(from), to: day(from + days) } }));

test('no decision allows more than consent, token, tenancy and request each allow', () => {
  let allowed = 0;
  const nowMs = startOfLocalDayMs(day(120), zone);
  fc.assert(
    fc.property(anyFacts, anyLimits, anyAsked, (consented, limits, asked) => {
      const request = { ...asked, meterRef, caller: {} } as unknown as ReadRequest;
      const facts = factsWithin(consented, limits, meterRef);
      const by = { basis: 'consent', facts, purpose: facts.purpose } as const;
      if (!decide(policy, by, request, nowMs).allowed) return;
      allowed++;
      const { window, resolution, register } = asked;
      for (const terms of [consented, limits]) {
        assert.ok(resolutionSeconds[resolution] >= resolutionSeconds[terms.resolution], 'no finer');
        assert.ok(window.from >= terms.from && window.to <= terms.until, 'no longer');
        assert.ok(terms.registers.includes(register), 'no other register');
      }
      const { meterPoint } = consented;
      assert.ok(window.from >= (meterPoint?.tenancyFrom ?? ''), 'nobody’s days but theirs');
      assert.ok(window.to <= (meterPoint?.tenancyUntil ?? ''));
      assert.deepEqual([consented.state, consented.thirdPartyStatus], ['given', 'active']);
      assert.ok(nowMs < (consented.expiresAtMs ?? 0), 'not past its time');
      assert.ok(limits.meterRefs.includes(meterRef), 'no meter point that the token does not name');
    }),
    { numRuns: process.env.STABLEDOOR_SOAK === '1' ? 20_000 : 1500 },
  );
  assert.ok(allowed >= 3, `${allowed} were allowed`);
});
