import assert from 'node:assert/strict';
import { test } from 'node:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, canonicalObject, type JsonValue } from '../../src/lib/canonical-json.ts';

const name = fc.string({ unit: 'binary' }).filter((text) => !/^[0-9]/.test(text) && text !== '__proto__');
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(name, tie('value')),
  ),
}));

test('the canonical form is what the library of its authors makes of it', () => {
  fc.assert(fc.property(value, (json) => assert.equal(canonicalJson(json), canonicalize(json))));
});

test('an object is put together of the forms of its members as if it were written whole', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value), (json) => {
      const members = new Map(Object.entries(json).map(([key, member]) => [key, canonicalJson(member)]));
      assert.equal(canonicalObject(members), canonicalJson(json));
    }),
  );
  assert.throws(() => canonicalObject(new Map([['1', '1']])), TypeError);
});

test('escapes, line separators, astral letters and minus nought are as RFC 8785 writes them', () => {
  assert.equal(
    canonicalJson({
      ö: '€\u000f\nA\'B"\\\u2028😀/',
      '\u20ac': -0,
      a: [true, null, 9007199254740991],
      '': '',
    }),
    '{"":"","a":[true,null,9007199254740991],"ö":"€\\u000f\\nA\'B\\"\\\\\u2028😀/","€":0}',
  );
});

test('nothing that two programs could write differently has a canonical form', () => {
  const ambiguous = [1.5, Number.NaN, 2 ** 53, undefined, () => 1, '\ud800', { 10: 1 }, { '\ud800': 1 }];
  for (const each of [...ambiguous, JSON.parse('{"__proto__":1}')]) {
    assert.throws(() => canonicalJson(each as JsonValue), TypeError);
    assert.throws(() => canonicalJson([each as JsonValue]), TypeError);
  }
});
