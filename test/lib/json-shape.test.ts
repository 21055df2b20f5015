import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deepestJson, fitsJsonLimits, mostJsonValues } from '../../src/lib/json-shape.ts';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

test('a text may be so deep and have so many values, and no more', () => {
  assert.equal(fitsJsonLimits(nested(deepestJson)), true);
  assert.equal(fitsJsonLimits(nested(deepestJson + 1)), false);
  assert.equal(fitsJsonLimits('{"a":'.repeat(deepestJson + 1)), false);
  assert.equal(fitsJsonLimits(`[${'1,'.repeat(mostJsonValues - 2)}1]`), true);
  assert.equal(fitsJsonLimits(`[${'1,'.repeat(mostJsonValues)}1]`), false);
});

test('what stands in a string counts for nothing', () => {
  for (const text of [
    '"[[[[[[[[[[[[[[[[[[[[[[["',
    '"\\"[[[[[[[[[[[[[[[[[[[[[[["',
    `"${','.repeat(9000)}"`,
    '"\\\\"',
  ])
    assert.equal(fitsJsonLimits(text), true, text.slice(0, 30));
  // The string has ended: what follows counts.
  assert.equal(fitsJsonLimits(`["\\\\",${nested(deepestJson + 1)}]`), false);
});

test('what fits is what a parser finds', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.json({ maxDepth: 25 }), (text) => {
      if (text.length < mostJsonValues)
        assert.equal(fitsJsonLimits(text), depthOf(JSON.parse(text)) <= deepestJson);
    }),
  );
});
