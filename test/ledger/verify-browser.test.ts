// What a browser must be able to run: verification and everything it imports, without one thing of Node's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const IMPORT = /(?:^|\n)(?:import|export)\s(?:(type)\s)?[^'"]*?from\s+'([^']+)'/g;

/** Source of every file of ours that `start` needs at run time, and the packages that they import. */
function reach(start: string): { files: Map<string, string>; packages: Set<string> } {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const open = [new URL(start, import.meta.url)];
  for (let url = open.pop(); url !== undefined; url = open.pop()) {
    if (files.has(url.pathname)) continue;
    const source = readFileSync(url, 'utf8');
    files.set(url.pathname, source);
    for (const [, typeOnly, from] of source.matchAll(IMPORT)) {
      if (typeOnly === 'type' || from === undefined) continue;
      if (from.startsWith('.')) open.push(new URL(from, url));
      else packages.add(from);
    }
  }
  return { files, packages };
}

test('verification imports nothing of Node and names none of its globals', () => {
  for (const start of [
    '../../src/ledger/verify.ts',
    '../../src/ledger/export-format.ts',
    '../../src/ledger/verify-chain-file.ts',
  ]) {
    const { files, packages } = reach(start);
    assert.ok(files.size > 4);
    for (const name of packages)
      assert.ok(['zod', 'canonicalize'].includes(name), `${start} reaches ${name}`);
    for (const [path, source] of files)
      assert.doesNotMatch(source, /\b(Buffer|process|require|__dirname|setImmediate)\b\s*[.(]/, path);
  }
});

test('the search for imports would find one of Node’s', () => {
  const { packages } = reach('../../src/ledger/note-signer.ts');
  assert.ok(packages.has('node:crypto'));
});
