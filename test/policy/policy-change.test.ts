// Whether a set weakens another: sound, so that what is said to only forbid more never allows what was refused.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPolicy, type Policy } from '../../src/policy/engine.ts';
import { changeBetween } from '../../src/policy/policy-change.ts';
import { disclosureCases } from '../support/policy-cases.ts';
import { type Changes, policyDir, withPolicyDir } from '../support/policy-dir.ts';

const former = await openPolicy(policyDir, { remembered: 0 });
const cases = await disclosureCases();
const allows = (policy: Policy) => cases.filter((one) => policy.decide(one.request).allowed).length;

const more = `
@id("nobody-on-a-sunday") @reason("policy_denied") @basis("proposal: a test")
forbid (principal, action == Action::"disclose", resource) when { context.today > 0 };
`;
const dropped = (text: string) => text.replace(/@id\("insurer-finer-than-a-month"\)[^;]*;/, '');

describe('a set weakens where', () => {
  const sets: [string, Changes, boolean][] = [
    ['a rule is gone', { 'ceilings.cedar': dropped }, true],
    ['a rule says less', { 'ceilings.cedar': (text) => text.replace('< 2592000', '< 86400') }, true],
    [
      'a rule says more, which is not looked into',
      { 'ceilings.cedar': (text) => text.replace('< 1800', '< 3600') },
      true,
    ],
    ['the schema is another', { 'schema.cedarschema': (text) => `${text}\n// ` }, true],
    [
      'a permit is added',
      {
        'more.cedar': () =>
          '@id("more") @basis("proposal: a test") permit (principal, action == Action::"disclose", resource);',
      },
      true,
    ],
    ['a rule is added and another is gone', { 'ceilings.cedar': dropped, 'more.cedar': () => more }, true],
  ];
  const stricter: [string, Changes, boolean][] = [
    ['only a rule is added', { 'more.cedar': () => more }, false],
    [
      'only words and names are others',
      {
        'ceilings.cedar': (text) => text.replace('@id("insurer-', '@id("assurer-').replace('// ', '// So: '),
      },
      false,
    ],
    [
      'nothing is permitted any more',
      { 'disclosure.cedar': (text) => text.replace(/@id\("consented-disclosure"\)[^;]*;/, '') },
      false,
    ],
  ];
  for (const [name, changes, weakens] of [...sets, ...stricter])
    test(`${name}: ${weakens ? 'yes' : 'no'}`, () =>
      withPolicyDir(changes, async (dir) => {
        const next = await openPolicy(dir, { remembered: 0 });
        assert.equal(changeBetween(former, next).weakens, weakens);
        if (!weakens) assert.ok(allows(next) <= allows(former));
      }));
});

test('what changed is named', () =>
  withPolicyDir(
    { 'ceilings.cedar': (text) => dropped(text).replace('< 1800', '< 3600'), 'more.cedar': () => more },
    async (dir) => {
      const { added, removed, changed, schemaChanged } = changeBetween(former, await openPolicy(dir));
      assert.deepEqual(
        { added, removed, changed, schemaChanged },
        {
          added: ['nobody-on-a-sunday'],
          removed: ['insurer-finer-than-a-month'],
          changed: ['half-hours-are-the-finest'],
          schemaChanged: false,
        },
      );
    },
  ));

test('a set that was published for fewer facts is decided by those', () =>
  withPolicyDir(
    {
      'schema.cedarschema': (text) => text.replace(/ {4}prepayment: Long,\n/, ''),
      'ceilings.cedar': (text) => text.replace(/@id\("prepayment-days"\)[\s\S]*?unless \{[^}]*\};/, ''),
    },
    async (dir) => {
      const older = await openPolicy(dir);
      const wrong = cases.filter(
        (one) =>
          !one.policies.includes('prepayment-days') && older.decide(one.request).allowed !== one.allowed,
      );
      assert.deepEqual(wrong, []);
    },
  ));
