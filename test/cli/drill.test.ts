// The drill, as an operator runs it: every fault that this machine lets it make, on databases of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drill } from '../../src/cli/drill.ts';
import { type Scenario, scenarios } from '../../src/cli/drill-scenarios.ts';
import { stabledoor } from '../support/command.ts';

// The others are tested one by one, under more load, in test/faults and test/journeys.
const quick =
  process.env.STABLEDOOR_SOAK === '1' ? scenarios.map(({ name }) => name) : ['old backup', 'late witness'];

test('a drill passes in words, and reads no setting of this installation', async () => {
  const settings = { STABLEDOOR_DATA_DIR: '/nowhere', STABLEDOOR_MODE: 'production' };
  const ran = await stabledoor(settings, ['drill', '--json', '--only', ...quick]);
  assert.equal(ran.code, 0, ran.out + ran.err);
  const { passed, results } = JSON.parse(ran.out);
  assert.equal(passed, true);
  assert.deepEqual(results.map(({ name }: { name: string }) => name).sort(), [...quick].sort());
  for (const { result, words } of results) {
    assert.notEqual(result, 'fail');
    assert.match(words, /^\S.*[.a-z]$/);
  }
});

test('what does not hold is a fail in words, and the others go on', async () => {
  const broken: Scenario = { name: 'broken', run: () => Promise.reject(new Error('it did not hold')) };
  const sound: Scenario = { name: 'sound', run: async () => 'It held.' };
  const results = await drill([broken, sound]);
  assert.deepEqual(
    results.map(({ name, result, words }) => [name, result, words]),
    [
      ['broken', 'fail', 'it did not hold'],
      ['sound', 'pass', 'It held.'],
    ],
  );
});

test('a name that no drill has is wrong usage', async () => {
  const ran = await stabledoor({}, ['drill', '--only', 'flood']);
  assert.equal(ran.code, 2);
  assert.match(ran.err, /there is no flood; there is kills/);
});
