// Tags that wait for a map are given back as they came, however many there are and however often the first are dropped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaitingTags } from '../../src/ledger/waiting-tags.ts';

const bytesOf = (number: number) => new Uint8Array(32).map((_, i) => (number >> (8 * (i % 4))) & 255);

test('what waits is what was added and not dropped, in its order', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 1500 }) }),
    fc.record({ drop: fc.double({ min: 0, max: 1, noNaN: true }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const waiting = new WaitingTags();
      const model: number[] = [];
      let next = 0;
      for (const one of steps) {
        if ('add' in one)
          for (let i = 0; i < one.add; i++, next++) {
            waiting.add(next + 2 ** 40, next, bytesOf(next), bytesOf(~next));
            model.push(next);
          }
        else {
          const count = Math.floor(one.drop * model.length);
          waiting.dropFirst(count);
          model.splice(0, count);
        }
        assert.equal(waiting.length, model.length);
        model.forEach((number, at) => {
          assert.deepEqual([waiting.indexOf(at), waiting.placeOf(at)], [number + 2 ** 40, number]);
          assert.deepEqual(waiting.tagOf(at), bytesOf(number));
          assert.deepEqual(waiting.leafOf(at), bytesOf(~number));
        });
      }
    }),
    { numRuns: 20 },
  );
});
