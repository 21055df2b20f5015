// Writes docs/by-what-right.md from the policies; with --check only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { basisMarkdown } from '../src/policy/basis-table.ts';
import { openPolicy } from '../src/policy/engine.ts';

const root = join(import.meta.dirname, '..');
const file = join(root, 'docs/by-what-right.md');
const text = basisMarkdown((await openPolicy(join(root, 'policies'))).rules);
if (!process.argv.includes('--check')) await writeFile(file, text);
else if ((await readFile(file, 'utf8')) !== text) {
  process.stderr.write('docs/by-what-right.md is not what the policies say: npm run by-what-right\n');
  process.exitCode = 1;
}
