import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileCss } from '../../scripts/css.ts';

const css = readFileSync(new URL('../../assets/site.css', import.meta.url), 'utf8');

test('the committed style sheet is what its source compiles to', () => {
  assert.ok(compileCss() === css, 'run `node scripts/css.ts`');
});

test('the style sheet loads nothing, from nowhere', () => {
  assert.doesNotMatch(css, /url\(|@import|@font-face|GDS Transport/);
});
