// The counting parts of verification against plain models of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RequestCheck } from '../../src/ledger/verify-requests.ts';
import { StoreReadCheck } from '../../src/ledger/verify-store-reads.ts';

const requestOf = (number: number): string => {
  const high = Math.imul(number + 1, 0x9e3779b1) >>> 0;
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  return `${hex(high)}-0000-4000-8000-0000${hex(number)}`;
};

test('a request id is repeated exactly if it stood before', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3000 }), { maxLength: 4000, size: 'max' }), (numbers) => {
      const check = new RequestCheck();
      const seen = new Set<number>();
      for (const number of numbers) {
        assert.equal(check.isRepeated(requestOf(number)), seen.has(number));
        seen.add(number);
      }
    }),
    { numRuns: 20 },
  );
});

test('a request id of zeros is known like any other', () => {
  const check = new RequestCheck();
  const zeros = '00000000-0000-0000-0000-000000000000';
  assert.equal(check.isRepeated(zeros), false);
  assert.equal(check.isRepeated(zeros), true);
});

test('ids that differ in any part are different ids', () => {
  const check = new RequestCheck();
  const id = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
  assert.equal(check.isRepeated(id), false);
  for (let i = 0; i < id.length; i++)
    if (id[i] !== '-') assert.equal(check.isRepeated(`${id.slice(0, i)}7${id.slice(i + 1)}`), false, `${i}`);
  assert.equal(check.isRepeated(id), true);
});

test('request ids stay known while a table of them fills, and it is said once some are forgotten', () => {
  const check = new RequestCheck(1 << 12);
  const held = Math.ceil((1 << 12) * 0.7);
  let next = 0;
  const fill = () => {
    for (const end = next + held; next < end; next++) assert.ok(!check.isRepeated(requestOf(next)));
  };
  fill();
  fill();
  assert.ok(check.isRepeated(requestOf(0)));
  assert.equal(check.hasForgotten, false);
  fill();
  assert.equal(check.hasForgotten, true);
  for (let number = held; number < next; number++)
    assert.ok(check.isRepeated(requestOf(number)), `${number}`);
});

test('request ids that were counted and not drawn do not slow the search', () => {
  const check = new RequestCheck();
  const before = performance.now();
  for (let i = 0; i < 100_000; i++) {
    const eight = i.toString(16).padStart(8, '0');
    check.isRepeated(`${eight}-0000-4000-8000-0000${eight}`);
  }
  assert.ok(performance.now() - before < 5000);
});

test('numbers of reads are accounted for as a plain set of them would', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }), (numbers) => {
      const check = new StoreReadCheck();
      const seen = new Set<number>();
      for (const number of numbers) {
        assert.equal(check.take(`1700000000/${number}`), !seen.has(number));
        seen.add(number);
      }
      const highest = Math.max(0, ...seen);
      const expected = { numbered: seen.size, missing: highest - seen.size, skippedAtRestart: 0 };
      assert.deepEqual(check.counts(), expected);
    }),
  );
});

test('a jump of up to 32 where the store started anew is told apart from a gap', () => {
  const jump = (to: number) => {
    const check = new StoreReadCheck();
    check.take('100/1');
    check.take(`200/${to}`);
    return check.counts();
  };
  assert.deepEqual(jump(2), { numbered: 2, missing: 0, skippedAtRestart: 0 });
  assert.deepEqual(jump(34), { numbered: 2, missing: 0, skippedAtRestart: 32 });
  assert.deepEqual(jump(35), { numbered: 2, missing: 33, skippedAtRestart: 0 });
});

test('a store with more gaps than are kept is still counted right', () => {
  const check = new StoreReadCheck();
  for (let i = 1; i <= 20_000; i++) assert.ok(check.take(`1/${i * 2}`));
  assert.deepEqual(check.counts(), { numbered: 20_000, missing: 20_000, skippedAtRestart: 0 });
  assert.ok(check.take('1/39999'));
  assert.ok(!check.take('1/40000'));
});
