import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { espiScale, type Scale, wholeQuantity } from '../../../src/metering/import/quantity.ts';

const scale = (uom: string, unit: 'Wh' | 'dm3'): Scale => {
  const found = espiScale(uom, unit);
  assert.ok(found !== null);
  return found;
};

test('whole watt-hours stay what they are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (value) => {
      assert.deepEqual(wholeQuantity(String(value), 0, scale('72', 'Wh')), { value, fraction: false });
    }),
  );
});

test('fractions are rounded half up and marked', () => {
  const wh = scale('72', 'Wh');
  assert.deepEqual(wholeQuantity('120.4', 0, wh), { value: 120, fraction: true });
  assert.deepEqual(wholeQuantity('120.5', 0, wh), { value: 121, fraction: true });
  assert.deepEqual(wholeQuantity('120.50', 0, wh), { value: 121, fraction: true });
  assert.deepEqual(wholeQuantity('120.000', 0, wh), { value: 120, fraction: false });
  assert.deepEqual(wholeQuantity('1205', -1, wh), { value: 121, fraction: true });
  assert.deepEqual(wholeQuantity('0.4999', 0, wh), { value: 0, fraction: true });
});

test('powers of ten and units are exact', () => {
  assert.deepEqual(wholeQuantity('0.29', 3, scale('72', 'Wh')), { value: 290, fraction: false }); // 0.29 × 1000 in floats is not
  assert.deepEqual(wholeQuantity('1.005', 0, scale('42', 'dm3')), { value: 1005, fraction: false });
  assert.deepEqual(wholeQuantity('100', 0, scale('119', 'dm3')), { value: 2832, fraction: true });
  assert.equal(espiScale('72', 'dm3'), null);
  assert.equal(espiScale('169', 'Wh'), null);
});

test('what is no reading is said to be so', () => {
  const wh = scale('72', 'Wh');
  for (const text of ['1e3', '0x10', '1,5', 'NaN', '--1', '1.', '.5', ' 1', '9'.repeat(19)])
    assert.equal(wholeQuantity(text, 0, wh), 'malformed', text);
  assert.equal(wholeQuantity('-0.01', 0, wh), 'negative');
  assert.deepEqual(wholeQuantity('-0', 0, wh), { value: 0, fraction: false });
  assert.equal(wholeQuantity('2147483648', 0, wh), 'too-large');
  assert.equal(wholeQuantity('1', 12, wh), 'too-large');
});
