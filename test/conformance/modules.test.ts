// What docs/conformance.md says about the certification suite's modules is so: each case that it names is a test here.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const page = readFileSync(join(import.meta.dirname, '../../docs/conformance.md'), 'utf8');
const rows = [...page.slice(page.indexOf('## Which module')).matchAll(/^\| (.+) \| ([\d, ]+) \|$/gm)];
const texts = globSync('fapi2/*.test.ts', { cwd: import.meta.dirname })
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');
const tested = new Set([...texts.matchAll(/['"`](\d{1,3}) [a-zA-Z]/g)].map(([, number]) => number));

test('every module is mapped to cases that are tested', () => {
  assert.ok(rows.length >= 40, String(rows.length));
  for (const [, module, cases = ''] of rows)
    for (const number of cases.split(', ')) assert.ok(tested.has(number), `${module}: ${number}`);
});

test('no module stands there twice', () => {
  const names = rows.flatMap(([, module = '']) => [...module.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  assert.deepEqual(names, [...new Set(names)]);
});
