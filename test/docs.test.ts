// The documents: the index of decision records names each of them and nothing else; what a document names is there.
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { settings } from '../src/config-settings.ts';

const decisions = join(import.meta.dirname, '../docs/decisions');

test('the index of decisions lists every record with its title, in order', () => {
  const records = readdirSync(decisions)
    .filter((name) => /^\d{4}-/.test(name))
    .sort();
  const numbers = records.map((name) => name.slice(0, 4));
  assert.equal(new Set(numbers).size, numbers.length, 'a number is used twice');
  const index = readFileSync(join(decisions, 'README.md'), 'utf8');
  const listed = [...index.matchAll(/^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \| /gm)];
  assert.deepEqual(
    listed.map(([, number, file, title]) => ({ number, file, title })),
    records.map((file) => ({
      number: file.slice(0, 4),
      file,
      title: readFileSync(join(decisions, file), 'utf8').match(/^# \d{4} (.+)$/m)?.[1],
    })),
  );
});

const root = join(import.meta.dirname, '..');

test('every file that a document links to or names is there', () => {
  const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root });
  assert.ok(documents.length > 10);
  const missing = documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to]) =>
      join(dirname(document), to as string),
    );
    // In backquotes: `src/ledger/verify.ts`, and in ARCHITECTURE.md without the src.
    const names = [...text.matchAll(/`([\w*-]+\/[\w*./-]+\.(?:ts|js|cedar|cedarschema|md|yaml))`/g)].map(
      ([, name]) => name as string,
    );
    return [
      ...links.filter((to) => !existsSync(join(root, to))),
      ...names.filter((name) => globSync([name, `src/${name}`], { cwd: root }).length === 0),
    ].map((to) => `${document}: ${to}`);
  });
  assert.deepEqual(missing, []);
});

test('each promise has a test file named after it, which ARCHITECTURE.md names', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const promises = [...text.matchAll(/^\| P(\d+) \|.*$/gm)];
  assert.equal(promises.length, 10);
  for (const [row, number] of promises) {
    const [file] = globSync(`test/promises/p${number}-*.test.ts`, { cwd: root });
    assert.ok(file !== undefined && row.includes(file.replaceAll('\\', '/')), `P${number}: ${file}`);
  }
});

test('docs/1-running.md lists every setting in the words of `stabledoor config`, and no other', () => {
  const text = readFileSync(join(root, 'docs/1-running.md'), 'utf8');
  const section = text
    .slice(text.indexOf('## Settings'), text.indexOf('## The embedded PostgreSQL'))
    .replaceAll('\\<', '<');
  const listed = [...section.matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$/gm)].map(
    ([, ...cells]) => cells,
  );
  assert.deepEqual(
    listed,
    Object.entries(settings).map(([name, { standard, does }]) => [name, standard, does]),
  );
});
