// Every one of the 120 cases has a test here by its number, or a word in the README about where it is.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const elsewhere = [5, 120];

test('no case is missing', () => {
  const texts = globSync('*.test.ts', { cwd: import.meta.dirname })
    .filter((name) => name !== 'coverage.test.ts')
    .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
    .join('\n');
  const named = new Set([...texts.matchAll(/['"`](\d{1,3}) [a-zA-Z]/g)].map(([, number]) => Number(number)));
  const missing = Array.from({ length: 120 }, (_, i) => i + 1).filter(
    (number) => !named.has(number) && !elsewhere.includes(number),
  );
  assert.deepEqual(missing, []);
});
