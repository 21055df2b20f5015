import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { forbiddenWordsIn } from '../support/forbidden-words.ts';

const root = join(import.meta.dirname, '../..');
const files = globSync('src/{web,consent,household}/words/*.ts', { cwd: root });

/** What stands in quotes, comments left out. */
const sentencesIn = (source: string): string[] =>
  [...source.replace(/^\s*(\/\/|\/?\*).*$/gm, '').matchAll(/'((?:[^'\\\n]|\\.)*)'|`([^`]*)`/g)].map(
    ([, plain, template]) => plain ?? template ?? '',
  );

test('no page of the householder says a word that we do not say', () => {
  assert.ok(files.length >= 4);
  for (const file of files) {
    const sentences = sentencesIn(readFileSync(join(root, file), 'utf8'));
    assert.ok(sentences.length > 0, file);
    for (const sentence of sentences) assert.deepEqual(forbiddenWordsIn(sentence), [], sentence);
  }
});

test('the list of words catches what it is for', () => {
  for (const sentence of [
    'Your data is anonymous.',
    'This is safe and secure.',
    'A trusted partner, approved by Ofgem.',
    'This is required.',
    'Recommended: most people say yes.',
    'You will save money.',
    'We share only monthly totals; it cannot show more.',
    'This is a complete list of every access.',
    'Nobody else sees it. It is deleted everywhere.',
    'Undo. Are you sure? You may lose your tariff.',
    '10 minutes left',
  ]) {
    assert.notDeepEqual(forbiddenWordsIn(sentence), [], sentence);
  }
});
