import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedCache } from '../../src/oauth/bounded-cache.ts';

test('a full cache forgets what was used longest ago', () => {
  const cache = boundedCache<number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  assert.equal(cache.get('a'), 1);
  cache.set('c', 3);
  assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c'), cache.size], [1, undefined, 3, 2]);
  cache.set('c', 4);
  assert.deepEqual([cache.get('c'), cache.size], [4, 2]);
  cache.delete('c');
  assert.deepEqual([cache.get('c'), cache.size], [undefined, 1]);
});
