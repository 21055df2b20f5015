// Holds every file to the rules of the house, and shows of each rule that it fails when it should.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { examples } from './support/architecture-examples.ts';
import { type RuleName, rules } from './support/architecture-rules.ts';
import { sourceFile } from './support/source-text.ts';

const root = join(import.meta.dirname, '..');
const folders = '{src,migrations,test,bench,scripts,examples}/**/*.ts';
const house = globSync(folders, { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
  .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));

describe('in this house', () => {
  for (const [name, rule] of Object.entries(rules)) test(name, () => assert.deepEqual(rule(house), []));

  test('there are files to look at, and their imports are found', () => {
    assert.ok(house.length > 20);
    assert.ok(house.filter(({ imports }) => imports.length > 0).length > house.length / 2);
  });
});

describe('a rule fails when it should, and only then:', () => {
  for (const [name, { broken, kept }] of Object.entries(examples)) {
    const rule = rules[name as RuleName];
    test(name, () => {
      for (const [path, text] of broken)
        assert.equal(rule([sourceFile(path, text)]).length, 1, `${path}: ${text.slice(0, 80)} passed`);
      for (const [path, text] of kept)
        assert.deepEqual(rule([sourceFile(path, text)]), [], `${path}: ${text.slice(0, 80)}`);
    });
  }

  test('the verifier is followed through what it imports', () => {
    const files = [
      sourceFile('src/ledger/verify.ts', `import { a } from './merkle.ts';`),
      sourceFile('src/ledger/merkle.ts', `import { b } from '../lib/b.ts';`),
      sourceFile('src/lib/b.ts', `import { c } from 'node:crypto';`),
    ];
    assert.equal(rules['the verifier runs in a browser'](files).length, 1);
  });
});
