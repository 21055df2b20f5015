// Every case of test/policies is decided as its file says, and no policy can be dropped unnoticed.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { openPolicy, type Policy } from '../../src/policy/engine.ts';
import { decideCase } from '../../src/policy/policy-cases.ts';
import { refusalReasons } from '../../src/policy/refusal-reason.ts';
import { disclosureCases, type PolicyCase, rightCases } from '../support/policy-cases.ts';
import { policyDir, withPolicyDir } from '../support/policy-dir.ts';

const policy = await openPolicy(policyDir);
const byConsent = await disclosureCases();
const byRight = await rightCases();
const cases = [...byConsent, ...byRight];
const policyFiles = (await readdir(policyDir)).filter((name) => name.endsWith('.cedar'));

const decided = (under: Policy, one: PolicyCase) => {
  const { allowed, reasons, policies } = decideCase(under, one);
  return { allowed, reasons, policies };
};
const expected = ({ allowed, reasons, policies }: PolicyCase) => ({ allowed, reasons, policies });

describe('a disclosure', () => {
  for (const one of byConsent)
    test(`${one.name}: ${one.says}`, () => assert.deepEqual(decided(policy, one), expected(one)));
});

describe('a disclosure without a consent', () => {
  for (const one of byRight)
    test(`${one.name}: ${one.says}`, () => assert.deepEqual(decided(policy, one), expected(one)));
});

test('every policy is the only one to decide in at least one case', () => {
  const alone = new Set(cases.filter((one) => one.policies.length === 1).map((one) => one.policies[0]));
  assert.deepEqual(
    policy.rules.map((rule) => rule.id).filter((id) => !alone.has(id)),
    [],
  );
});

test('every reason a policy can refuse for is in at least one case', () => {
  const seen = new Set(cases.flatMap((one) => one.reasons));
  assert.deepEqual(
    refusalReasons.filter((reason) => !seen.has(reason)),
    [],
  );
});

describe('dropping one policy is noticed by a case:', () => {
  for (const { id } of policy.rules)
    test(id, () =>
      withPolicyDir(withoutPolicy(id), async (dir) => {
        const without = await openPolicy(dir);
        assert.equal(without.rules.length, policy.rules.length - 1);
        const noticed = cases.filter((one) => decideCase(without, one).allowed !== one.allowed);
        assert.notEqual(noticed.length, 0);
      }),
    );
});

/** Each policy is one paragraph of its file. */
const withoutPolicy = (id: string) =>
  Object.fromEntries(
    policyFiles.map((name) => [
      name,
      (text: string) =>
        text
          .split('\n\n')
          .filter((paragraph) => !paragraph.includes(`@id("${id}")`))
          .join('\n\n'),
    ]),
  );
