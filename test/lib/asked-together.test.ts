import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { askedTogether } from '../../src/lib/asked-together.ts';

test('each question gets its own answer, however they fall together', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer(), fc.nat(3)), { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (questions, most) => {
        const lengths: number[] = [];
        const doubled = askedTogether(async (asked: readonly number[]) => {
          lengths.push(asked.length);
          await turn();
          return asked.map((question) => question * 2);
        }, most);
        const answers = await Promise.all(
          questions.map(async ([question, turns]) => {
            for (let i = 0; i < turns; i++) await turn();
            return doubled(question);
          }),
        );
        assert.deepEqual(
          answers,
          questions.map(([question]) => question * 2),
        );
        assert.ok(lengths.every((length) => length >= 1 && length <= most));
      },
    ),
    { numRuns: 50 },
  ));

test('what comes while a call is under way waits for the next, so that no answer is older than its question', async () => {
  let truth = 'before';
  const gates: (() => void)[] = [];
  const ask = askedTogether(async (asked: readonly number[]) => {
    const seen = truth;
    await new Promise<void>((open) => gates.push(open));
    return asked.map(() => seen);
  }, 10);
  const first = ask(1);
  while (gates.length < 1) await turn();
  truth = 'after';
  const second = ask(2);
  const third = ask(3);
  gates[0]?.();
  while (gates.length < 2) await turn();
  gates[1]?.();
  assert.deepEqual(await Promise.all([first, second, third]), ['before', 'after', 'after']);
  assert.equal(gates.length, 2);
});

test('a call that fails fails those who asked, and nobody after them', async () => {
  let isBroken = true;
  const ask = askedTogether(async (asked: readonly number[]) => {
    if (isBroken) throw new Error('no answer');
    return asked;
  }, 10);
  const failed = await Promise.allSettled([ask(1), ask(2)]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  isBroken = false;
  assert.equal(await ask(3), 3);
});
