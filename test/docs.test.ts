// The index of decision records names each of them, and nothing else.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

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
