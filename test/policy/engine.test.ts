// The engine fails closed: on a fault in the files it does not open, on a fault in a request it refuses.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { openPolicy } from '../../src/policy/engine.ts';
import { cedarRequest, type DisclosureRequest } from '../../src/policy/request.ts';
import { disclosureCases } from '../support/policy-cases.ts';
import { type Changes, policyDir, withPolicyDir } from '../support/policy-dir.ts';

const allowedCase = (await disclosureCases()).find((one) => one.allowed);
assert.ok(allowedCase);
const allowed: DisclosureRequest = allowedCase.request;
const policyFiles = (await readdir(policyDir)).filter((name) => name.endsWith('.cedar'));

const overflowing = `
@id("overflows") @reason("policy_denied") @basis("test")
forbid (principal, action == Action::"disclose", resource)
when { context.to_day * 9223372036854775807 > 0 };
`;

describe('the trap: a forbid that errors', () => {
  test('is skipped by Cedar itself, which then allows', () => {
    const policies = { a: 'permit (principal, action, resource);', b: overflowing };
    preparsePolicySet('trap', { staticPolicies: policies });
    const question = { ...cedarRequest(allowed), entities: [], preparsedPolicySetId: 'trap' };
    const answer = statefulIsAuthorized(question as never);
    assert.equal(answer.type === 'success' && answer.response.decision, 'allow');
  });

  test('is a refusal here, and names the policy that could not be followed', () =>
    withPolicyDir({ 'more.cedar': () => overflowing }, async (dir) => {
      const policy = await openPolicy(dir);
      const { digest } = policy;
      assert.deepEqual(policy.decide(allowed), {
        allowed: false,
        reasons: ['policy_denied'],
        policies: ['overflows'],
        digest,
      });
    }));
});

test('a default deny, which Cedar gives no reason for, has the reason policy_denied', () =>
  withPolicyDir(
    {
      'disclosure.cedar': (text) =>
        text.replace('principal is ThirdPartyClass', 'principal == ThirdPartyClass::"council"'),
    },
    async (dir) => {
      const { reasons, policies } = (await openPolicy(dir)).decide(allowed);
      assert.deepEqual({ reasons, policies }, { reasons: ['policy_denied'], policies: [] });
    },
  ));

describe('a request that is not one is refused, not thrown back:', async () => {
  const policy = await openPolicy(policyDir);
  const bad: Record<string, unknown> = {
    nothing: undefined,
    'no facts': {},
    'no consent': { ...allowed, consent: undefined },
    'a fraction of a day': { ...allowed, closedUntilDay: 20_500.5 },
    'a day that is text': { ...allowed, closedUntilDay: '20500' },
    'no last closed day': { ...allowed, closedUntilDay: undefined },
    'a status that is no text': {
      ...allowed,
      thirdParty: { ...allowed.thirdParty, status: { active: true } },
    },
    'a resolution from the prototype': { ...allowed, resolution: 'toString' },
    'an inherited class': { ...allowed, thirdParty: { ...allowed.thirdParty, class: '__proto__' } },
  };
  for (const [name, request] of Object.entries(bad))
    test(name, () => {
      const decision = policy.decide(request as DisclosureRequest);
      assert.equal(decision.allowed, false);
      assert.deepEqual(decision.reasons, ['policy_denied']);
    });
});

describe('a policy set with a fault does not open, and one line says which:', () => {
  const forbid = (head: string) => () => `${head}\nforbid (principal, action, resource);\n`;
  const faults: [string, Changes, RegExp][] = [
    [
      'a misspelt class',
      swap('ThirdPartyClass::"insurer"', 'ThirdPartyClass::"insurerr"'),
      /insurer-finer-than-a-month|insurerr/,
    ],
    ['a misspelt purpose', swap('Purpose::"claim"', 'Purpose::"clam"'), /clam/],
    ['a misspelt fact', swap('context.opt_in', 'context.optin'), /optin/],
    ['a comparison of text with a number', swap('context.opt_in != 1', 'context.opt_in != "1"'), /opt-in/],
    [
      'a rule that can never apply',
      swap('context.opt_in != 1', 'false'),
      /nothing-without-opt-in.*impossible/,
    ],
    ['a syntax error', swap('permit (', 'permitt ('), /by-right\.cedar/],
    ['a syntax error in the schema', { 'schema.cedarschema': () => 'entity ;' }, /schema\.cedarschema/],
    [
      'no @id',
      { 'more.cedar': forbid('@reason("policy_denied") @basis("b")') },
      /more\.cedar: a forbid has no @id/,
    ],
    ['no @reason', { 'more.cedar': forbid('@id("a") @basis("b")') }, /more\.cedar: "a" has no @reason/],
    ['no @basis', { 'more.cedar': forbid('@id("a") @reason("policy_denied")') }, /"a" has no @basis/],
    [
      'an unknown @reason',
      { 'more.cedar': forbid('@id("a") @reason("because") @basis("b")') },
      /unknown @reason "because"/,
    ],
    [
      'two policies of one @id',
      { 'more.cedar': forbid('@id("period-not-closed") @reason("policy_denied") @basis("b")') },
      /two policies have the @id "period-not-closed"/,
    ],
    ['a template', { 'more.cedar': () => 'permit (principal == ?principal, action, resource);' }, /template/],
  ];
  for (const [name, changes, line] of faults)
    test(name, () =>
      withPolicyDir(changes, (dir) =>
        assert.rejects(openPolicy(dir), (error: Error) => {
          assert.match(error.message, line);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        }),
      ),
    );

  test('no policy file at all', () =>
    withPolicyDir({}, async (dir) => {
      await assert.rejects(openPolicy(join(dir, 'nowhere')), /nowhere/);
      await writeFile(join(dir, 'disclosure.cedar'), Buffer.from([0xff, 0xfe]));
      await assert.rejects(openPolicy(dir), /disclosure\.cedar is not UTF-8/);
    }));
});

describe('the digest', () => {
  test('is the SHA-256 of the whole text, in base64', async () => {
    const { digest, text } = await openPolicy(policyDir);
    assert.equal(digest, createHash('sha256').update(text).digest('base64'));
    assert.match(text, /^==> by-right\.cedar \(\d+ bytes\) <==\n/);
    assert.match(text, /\n==> schema\.cedarschema \(\d+ bytes\) <==\n/);
  });

  test('changes with a comment, since the comment is part of what was published', () =>
    withPolicyDir({ 'disclosure.cedar': (text) => `${text}// more\n` }, async (dir) =>
      assert.notEqual((await openPolicy(dir)).digest, (await openPolicy(policyDir)).digest),
    ));

  test('tells two files from one that holds both', async () => {
    const halves = (text: string) => text.split(/(?=\/\/ ---- How fine)/);
    const two = await withPolicyDir(
      { 'disclosure.cedar': (text) => halves(text)[0] ?? '', 'e.cedar': () => '// nothing\n' },
      async (dir) => (await openPolicy(dir)).digest,
    );
    const one = await withPolicyDir(
      { 'disclosure.cedar': (text) => `${halves(text)[0]}// nothing\n` },
      async (dir) => (await openPolicy(dir)).digest,
    );
    assert.notEqual(one, two);
  });
});

describe('the check against the schema', () => {
  test('is made of every new shape of a request, and its verdict is that of the whole', async () => {
    const policy = await openPolicy(policyDir, { remembered: 0 });
    assert.equal(policy.decide(allowed).allowed, true);
    // Only a number has changed: the shape is known, and the policies decide.
    assert.deepEqual(policy.decide({ ...allowed, closedUntilDay: 0 }).reasons, ['period_not_closed']);
    // A name has changed: it is no name of the schema.
    const misspelt = {
      ...allowed,
      thirdParty: { ...allowed.thirdParty, purposes: [allowed.purpose, 'advise'] },
    };
    for (const _twice of [1, 2])
      assert.deepEqual(policy.decide(misspelt as never).reasons, ['policy_denied']);
  });
});

test('every basis says whether law, this project or nobody who checked says so', async () => {
  for (const { id, basis } of (await openPolicy(policyDir)).rules) {
    assert.match(basis, /^(UK GDPR article \d+|proposal: |check: )/, id);
    // What is still to be checked is never stated as law.
    if (/licence|condition|privacy plan|code/i.test(basis)) assert.match(basis, /check: /, id);
  }
});

describe('remembered decisions', () => {
  test('are the same as fresh ones', async () => {
    const [fresh, remembering] = await Promise.all([
      openPolicy(policyDir, { remembered: 0 }),
      openPolicy(policyDir, { remembered: 5 }),
    ]);
    for (const { request } of [...(await disclosureCases()), ...(await disclosureCases())]) {
      assert.deepEqual(remembering.decide(request), fresh.decide(request));
      assert.deepEqual(remembering.decide(request), fresh.decide(request));
    }
  });

  test('of one policy set are never those of another', () =>
    withPolicyDir({ 'more.cedar': () => overflowing }, async (dir) => {
      const [real, other] = await Promise.all([openPolicy(policyDir), openPolicy(dir)]);
      assert.deepEqual(
        [real.decide(allowed).allowed, other.decide(allowed).allowed, real.decide(allowed).allowed],
        [true, false, true],
      );
    }));
});

function swap(from: string, to: string): Changes {
  return Object.fromEntries(policyFiles.map((name) => [name, (text: string) => text.replace(from, to)]));
}
