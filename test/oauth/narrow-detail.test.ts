// A token may be asked for less than was granted, and for nothing else (RFC 9396 section 6).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../../src/lib/ids.ts';
import { localDate } from '../../src/lib/local-date.ts';
import type { GrantedDetail } from '../../src/oauth/authorization-detail.ts';
import { OauthError } from '../../src/oauth/errors.ts';
import { narrowDetail } from '../../src/oauth/narrow-detail.ts';

const granted: GrantedDetail = {
  type: 'meter_readings',
  purpose: 'energy-advice',
  fuels: ['electricity', 'gas'],
  registers: ['import', 'export'],
  resolution: 'P1D',
  from: localDate('2026-01-01'),
  until: localDate('2026-12-01'),
  consent_id: newId('consent'),
  meter_points: [newId('mp'), newId('mp')],
};
const narrow = (changes: object) =>
  narrowDetail(granted, JSON.stringify([{ type: 'meter_readings', ...changes }]));

test('without the parameter a token is for the whole of the grant', () => {
  assert.equal(narrowDetail(granted, undefined), granted);
  assert.deepEqual(narrow({}), granted);
});

const less: Record<string, object> = {
  'a coarser resolution': { resolution: 'P1M' },
  'fewer days': { from: '2026-02-01', until: '2026-03-01' },
  'one meter point': { meter_points: granted.meter_points.slice(1) },
  'one register and one fuel': { registers: ['export'], fuels: ['gas'] },
  'what was granted, named': { purpose: 'energy-advice', consent_id: granted.consent_id, once: false },
};
describe('a token is narrowed to', () => {
  for (const [name, changes] of Object.entries(less))
    test(name, () => assert.deepEqual(narrow(changes), { ...granted, ...changes }));
});

const more: Record<string, object> = {
  'a finer resolution': { resolution: 'PT30M' },
  'an earlier day': { from: '2025-12-31' },
  'a later day': { until: '2026-12-02' },
  'no day': { from: '2026-03-01', until: '2026-03-01' },
  'another meter point': { meter_points: [newId('mp')] },
  'no meter point': { meter_points: [] },
  'another register': { registers: ['generation'] },
  'another purpose': { purpose: 'automation' },
  'another consent': { consent_id: newId('consent') },
  'a single read of a grant for many': { once: true },
  'another type': { type: 'meter_answer' },
  'an unknown field': { extra: 1 },
  'a date that is none': { from: '2026-02-30' },
};
describe('a token is refused for', () => {
  for (const [name, changes] of Object.entries(more))
    test(name, () =>
      assert.throws(
        () => narrow(changes),
        (error) => error instanceof OauthError && error.error === 'invalid_authorization_details',
      ),
    );
  test('two details', () => {
    const two = JSON.stringify([{ type: 'meter_readings' }, { type: 'meter_readings' }]);
    assert.throws(() => narrowDetail(granted, two), OauthError);
  });
});

const part = <T>(items: readonly T[]) => fc.subarray([...items], { minLength: 1 });
const day = fc
  .integer({ min: -20, max: 360 })
  .map((n) => localDate(new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10)));

test('whatever is asked, nothing that comes out is more than was granted', () => {
  const asked = fc.record(
    {
      resolution: fc.constantFrom('P1M', 'P1D', 'PT30M'),
      from: day,
      until: day,
      registers: part(['import', 'export', 'generation']),
      meter_points: part([...granted.meter_points, newId('mp')]),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(asked, (changes) => {
      let made: GrantedDetail;
      try {
        made = narrow(changes);
      } catch (error) {
        assert.ok(error instanceof OauthError);
        return;
      }
      assert.notEqual(made.resolution, 'PT30M');
      assert.ok(made.from >= granted.from && made.until <= granted.until && made.from < made.until);
      assert.ok(made.registers.every((each) => granted.registers.includes(each)));
      assert.ok(made.meter_points.every((each) => granted.meter_points.includes(each)));
      assert.equal(made.consent_id, granted.consent_id);
    }),
  );
});
