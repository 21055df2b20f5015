// What may be registered and asked for is exactly what the policies let leave: class by class and purpose by purpose, the
// resolution with and without a choice, how far back and for how long, and what a group or a recipient takes away.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPolicy } from '../../src/policy/engine.ts';
import {
  type DisclosureRequest,
  type Purpose,
  purposes,
  type Resolution,
  resolutionSeconds,
  type ThirdPartyClass,
  thirdPartyClasses,
} from '../../src/policy/request.ts';
import { type PurposeRule, purposeRule, ruleWithin } from '../../src/registry/purposes.ts';
import { policyDir } from '../support/policy-dir.ts';

const policy = await openPolicy(policyDir, { remembered: 0 });
const finestFirst = Object.keys(resolutionSeconds) as Resolution[];
const given = 20_500;

interface Asked {
  readonly class: ThirdPartyClass;
  readonly purpose: Purpose;
  readonly resolution?: Resolution;
  readonly optIn?: boolean;
  readonly back?: number;
  readonly later?: number;
  readonly once?: boolean;
  readonly group?: readonly ThirdPartyClass[];
  readonly recipients?: readonly ThirdPartyClass[];
}

function isAllowed(asked: Asked): boolean {
  const { purpose, resolution = 'P1M', optIn = true, back = 31, later = 0, once = false } = asked;
  const fromDay = given - back;
  const request: DisclosureRequest = {
    thirdParty: {
      class: asked.class,
      status: 'active',
      purposes: [purpose],
      groupClasses: asked.group ?? [],
      recipients: { classes: asked.recipients ?? [], notActive: 0 },
      ethicsApproved: true,
    },
    consent: {
      state: 'given',
      purpose,
      resolution,
      optIn,
      registers: ['import'],
      window: { fromDay, untilDay: given + 800 },
      givenDay: given,
      once,
    },
    tenancy: { fromDay: 0, untilDay: null },
    prepayment: false,
    purpose,
    resolution,
    register: 'import',
    window: { fromDay, untilDay: fromDay + 1 },
    closedUntilDay: given + 800,
    today: given + later,
  };
  return policy.decide(request).allowed;
}

const pairs = thirdPartyClasses.flatMap((each) => purposes.map((purpose) => ({ class: each, purpose })));
const asked = (rule: PurposeRule | undefined): PurposeRule | undefined =>
  rule?.gate === 'consent' ? rule : undefined;
const nameOf = (one: Asked) => `${one.purpose} of ${one.class}`;

test('the finest resolution that leaves is the one the registry knows, with a choice and by default', () => {
  for (const pair of pairs)
    for (const optIn of [true, false]) {
      const rule = asked(purposeRule(pair.class, pair.purpose));
      const finest = finestFirst.find((resolution) => isAllowed({ ...pair, resolution, optIn }));
      assert.equal(finest ?? null, (optIn ? rule?.finest : rule?.byDefault) ?? null, nameOf(pair));
    }
});

/** The most days for which something is allowed; it is for fewer and not for more. */
const mostDays = (allowed: (days: number) => boolean): number => {
  let [low, high] = [0, 799];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (allowed(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
};
/** The longest such time has so many days, and two more for zones and for answering. */
const inDays: Readonly<Record<number, number>> = { 6: 184 + 2, 12: 366 + 2 };
/** Counted from the first day of a month. */
const backInDays: Readonly<Record<number, number>> = { 6: 186 + 30, 12: 368 + 30, 24: 733 + 30 };

test('how far back and for how long is what the registry knows', () => {
  for (const pair of pairs) {
    const rule = asked(purposeRule(pair.class, pair.purpose));
    if (rule === undefined) continue;
    assert.equal(
      mostDays((back) => isAllowed({ ...pair, back })),
      backInDays[rule.monthsBack],
      nameOf(pair),
    );
    const { ahead } = rule;
    const lasts = 'days' in ahead ? ahead.days + 2 : inDays[ahead.months];
    assert.equal(
      mostDays((later) => isAllowed({ ...pair, later })),
      lasts,
      nameOf(pair),
    );
    const lastsOnce = 'days' in ahead ? inDays[12] : lasts;
    assert.equal(
      mostDays((later) => isAllowed({ ...pair, later, once: true })),
      lastsOnce,
      nameOf(pair),
    );
  }
});

describe('what a request reaches is refused early where the policies would refuse it:', () => {
  for (const reach of ['group', 'recipients'] as const)
    test(reach === 'group' ? 'another in the legal group' : 'a recipient', () => {
      for (const pair of pairs) {
        const rule = asked(purposeRule(pair.class, pair.purpose));
        if (rule === undefined) continue;
        for (const other of thirdPartyClasses) {
          const within = ruleWithin(rule, {
            groupClasses: reach === 'group' ? [other] : [],
            recipientClasses: reach === 'recipients' ? [other] : [],
          });
          const with_ = { ...pair, [reach]: [other] };
          const finest = finestFirst.find((resolution) => isAllowed({ ...with_, resolution })) ?? null;
          const name = `${nameOf(pair)}, which reaches ${other}`;
          assert.equal('rule' in within ? within.rule.finest : null, finest, name);
          if (!('rule' in within)) continue;
          const back = mostDays((days) => isAllowed({ ...with_, back: days }));
          assert.equal(back, backInDays[within.rule.monthsBack], name);
        }
      }
    });
});
