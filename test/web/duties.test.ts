// The public page of roles and duties: plain words, and the rules in force as they are.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import express from 'express';
import request from 'supertest';
import { basisMarkdown, basisRows } from '../../src/policy/basis-table.ts';
import { openPolicy } from '../../src/policy/engine.ts';
import { dutiesPage } from '../../src/web/public-duties.ts';
import { forbiddenWordsIn } from '../support/forbidden-words.ts';
import { policyDir, withPolicyDir } from '../support/policy-dir.ts';

const policy = await openPolicy(policyDir);
const pageOf = async (now: typeof policy) =>
  (
    await request(express().use(dutiesPage({ policies: { now: () => now }, helpPhone: null })))
      .get('/who-answers')
      .expect(200)
  ).text;

test('every rule in force is on the page with its basis, and what is to be checked is not among the law', async () => {
  const page = await pageOf(policy);
  const law = page.slice(page.indexOf('Law says so'), page.indexOf('This project says so'));
  for (const { id, standing } of basisRows(policy.rules)) {
    assert.ok(page.includes(`<code>${id}</code>`), id);
    assert.equal(law.includes(`<code>${id}</code>`), standing === 'law', id);
  }
  assert.deepEqual(forbiddenWordsIn(page.replace(/<table[\s\S]*?<\/table>/g, '')), []);
});

test('a rule that is added stands on the page', () =>
  withPolicyDir(
    {
      'more.cedar': () =>
        '@id("added") @reason("policy_denied") @basis("proposal: a <b>test</b>") forbid (principal, action, resource);',
    },
    async (dir) => {
      const page = await pageOf(await openPolicy(dir));
      assert.match(page, /<code>added<\/code>/);
      assert.match(page, /a &lt;b&gt;test/);
    },
  ));

test('the document is what the policies say', async () => {
  const file = join(import.meta.dirname, '../../docs/by-what-right.md');
  assert.equal(await readFile(file, 'utf8'), basisMarkdown(policy.rules), 'npm run by-what-right');
});
