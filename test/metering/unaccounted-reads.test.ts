// Which numbers came to nothing: against what verification makes of the log that is written then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreReadCheck } from '../../src/ledger/verify-store-reads.ts';
import { beforeAll, findUnaccounted } from '../../src/metering/unaccounted-reads.ts';

const at = (number: number, storeStart = 'a') => ({ number, storeStart });

test('a number that was given and has no entry is dropped, one that was given since is not', () => {
  const found = findUnaccounted(at(4), [at(6), at(9)], at(8), 100);
  assert.deepEqual(found.dropped, [at(5), at(7), at(8)]);
  assert.deepEqual(found.settled, at(8));
  assert.deepEqual(findUnaccounted(at(4), [], at(4), 100).dropped, []);
});

test('up to 32 numbers at a new start of the store are a jump, more are not', () => {
  const jump = findUnaccounted(at(4), [at(37, 'b')], at(37, 'b'), 100);
  assert.deepEqual([jump.dropped.length, jump.skipped, jump.settled], [0, 32, at(37, 'b')]);
  const more = findUnaccounted(at(4), [at(38, 'b')], at(38, 'b'), 100);
  assert.deepEqual([more.dropped.length, more.skipped], [33, 0]);
});

test('a jump that no entry ends yet waits: it may become more than one', () => {
  const waits = findUnaccounted(at(4), [], at(36, 'b'), 100);
  assert.deepEqual([waits.dropped.length, waits.skipped, waits.settled], [0, 0, at(4)]);
  assert.equal(findUnaccounted(at(4), [], at(68, 'c'), 100).dropped.length, 64);
});

test('of many a part is dropped at a time, and the rest follows', () => {
  const first = findUnaccounted(at(0), [at(50)], at(60), 20);
  assert.deepEqual([first.dropped.length, first.settled, first.goesOn], [20, at(20), true]);
  const next = findUnaccounted(first.settled, [at(50)], at(60), 100);
  assert.deepEqual([next.dropped.length, next.settled, next.goesOn], [39, at(60), false]);
});

test('whatever was lost, and however often the store crashed, verification misses no number afterwards', () => {
  const event = fc.oneof(
    { weight: 8, arbitrary: fc.constant('read' as const) },
    { weight: 3, arbitrary: fc.constant('lost' as const) },
    { weight: 1, arbitrary: fc.nat({ max: 32 }) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 40 }), (events, every) => {
      const check = new StoreReadCheck();
      let [number, start, settled] = [0, 0, at(0, beforeAll)];
      let known: { number: number; storeStart: string }[] = [];
      const account = () => {
        for (let goesOn = true; goesOn; ) {
          const found = findUnaccounted(settled, known, at(number, String(start)), 7);
          for (const one of found.dropped)
            assert.ok(check.take(`${one.storeStart}/${one.number}`), 'no number twice');
          ({ settled, goesOn } = found);
          known = known.filter((one) => one.number > settled.number);
        }
      };
      events.forEach((what, i) => {
        if (typeof what === 'number') {
          number += what;
          start += 1;
        } else {
          number += 1;
          if (what === 'read') {
            assert.ok(check.take(`${start}/${number}`));
            known.push(at(number, String(start)));
          }
        }
        if (i % every === 0) account();
      });
      account();
      assert.equal(check.counts().missing, 0);
    }),
    { numRuns: process.env.STABLEDOOR_SOAK ? 5000 : 300 },
  );
});
