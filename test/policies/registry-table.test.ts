// What may be registered and asked for is never more than what the policies let leave, for the classes they know.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPolicy } from '../../src/policy/engine.ts';
import {
  type DisclosureRequest,
  purposes,
  type Resolution,
  resolutionSeconds,
  thirdPartyClasses,
} from '../../src/policy/request.ts';
import { purposeRule } from '../../src/registry/purposes.ts';
import { disclosureCases } from '../support/policy-cases.ts';
import { policyDir } from '../support/policy-dir.ts';

const policy = await openPolicy(policyDir);
const base = (await disclosureCases()).find(({ allowed }) => allowed)?.request;
assert.ok(base);

const finestFirst = Object.keys(resolutionSeconds) as Resolution[];
/** Classes whose rules are written; the others get nothing until theirs are. */
const written = ['energy-adviser', 'insurer'];

const asked = (
  thirdPartyClass: DisclosureRequest['thirdParty']['class'],
  purpose: DisclosureRequest['purpose'],
  resolution: Resolution,
): DisclosureRequest => ({
  ...base,
  thirdParty: { class: thirdPartyClass, status: 'active', purposes: [purpose] },
  consent: { ...base.consent, purpose, resolution, optIn: true },
  purpose,
  resolution,
});

test('the finest resolution the policies allow is the one the registry knows, for each class and purpose', () => {
  for (const thirdPartyClass of thirdPartyClasses)
    for (const purpose of purposes) {
      const finest = finestFirst.find(
        (resolution) => policy.decide(asked(thirdPartyClass, purpose, resolution)).allowed,
      );
      const known = written.includes(thirdPartyClass)
        ? purposeRule(thirdPartyClass, purpose)?.finest
        : undefined;
      assert.equal(finest, known, `${purpose} of ${thirdPartyClass}`);
    }
});
