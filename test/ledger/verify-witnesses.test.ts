// What a verdict says of witnesses: how far they have seen, and which entries give times that they do not bear out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { witnessedAt } from './export-vectors.ts';
import { honest, START_S, verifyLines } from './small-log.ts';
import { ours } from './vectors.ts';

const keys = [ours.logKey, ours.witnessKey];
const verify = (...seen: [number, number][]) => verifyLines(witnessedAt(honest, ...seen), { keys });

test('entries between the cosignatures around them are in time, with a minute for clocks that differ', async () => {
  // Entry n says START_S + n.
  for (const [seen, outOfTime] of [
    [
      [
        [3, START_S + 2],
        [6, START_S + 5],
      ],
      0,
    ],
    [
      [
        [3, START_S - 57],
        [6, START_S + 5],
      ],
      0,
    ],
    [
      [
        [3, START_S - 58],
        [6, START_S + 5],
      ],
      0,
    ],
    [
      [
        [3, START_S - 59],
        [6, START_S + 5],
      ],
      1,
    ],
    [
      [
        [3, START_S + 63],
        [6, START_S + 70],
      ],
      0,
    ],
    [
      [
        [3, START_S + 64],
        [6, START_S + 70],
      ],
      1,
    ],
    [
      [
        [3, START_S + 66],
        [6, START_S + 70],
      ],
      3,
    ],
    [
      [
        [3, START_S + 2],
        [6, START_S - 90],
      ],
      3,
    ],
    [[[6, START_S + 86_400]], 0],
  ] as const) {
    const verdict = await verify(...(seen as unknown as [number, number][]));
    assert.deepEqual(verdict.violations, []);
    assert.equal(verdict.counts.timesNotWitnessed, outOfTime, JSON.stringify(seen));
    assert.equal(/time not witnessed/.test(verdict.unproven.join(' ')), outOfTime > 0);
  }
});

test('the newest cosigned checkpoint counts, and what it does not cover is said', async () => {
  const verdict = await verify([3, START_S + 4], [6, START_S + 9]);
  assert.deepEqual(verdict.witnessed, {
    size: 6,
    timeSeconds: START_S + 9,
    witnesses: ['witness.example/w1'],
  });
  assert.match(verdict.unproven.join(' '), /the same entries from 6 on, which no witness has seen/);
  const whole = await verify([8, START_S + 9]);
  assert.doesNotMatch(whole.unproven.join(' '), /no witness has seen/);
});

test('a witness whose key nobody brought counts for nothing', async () => {
  const lines = witnessedAt(honest, [6, START_S + 9]);
  const verdict = await verifyLines(lines, { keys: [ours.logKey] });
  assert.deepEqual([verdict.sound, verdict.witnessed, verdict.counts.timesNotWitnessed], [true, null, 0]);
});
