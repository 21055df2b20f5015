// A scope stands for a detail that its purpose may ask for, on every day of the year and for every class that has the purpose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMonths, localDateAt } from '../../src/lib/local-date.ts';
import { purposeScopes, readAsked } from '../../src/oauth/purpose-scope.ts';
import { thirdPartyClasses } from '../../src/policy/request.ts';
import { purposesOf } from '../../src/registry/purposes.ts';
import type { ThirdParty } from '../../src/registry/third-party.ts';

const nobody = { groupClasses: [], recipientClasses: [], recipientsNotActive: 0 };
const day = 86_400_000;

test('each scope is good for a request on each day of two years, a leap year among them', () => {
  const asked = new Set<string>();
  for (let at = Date.UTC(2027, 0, 1); at < Date.UTC(2029, 0, 1); at += day)
    for (const thirdPartyClass of thirdPartyClasses)
      for (const { purpose, gate } of purposesOf(thirdPartyClass)) {
        if (gate !== 'consent') continue;
        const party = {
          class: thirdPartyClass,
          purposes: [purpose],
          detailTypes: ['meter_readings'],
          notes: {},
        };
        const scope = `readings:${purpose}`;
        const clock = { nowMs: () => at + day / 2 };
        const { detail } = readAsked({ scope }, party as unknown as ThirdParty, nobody, clock);
        assert.deepEqual([detail.purpose, detail.resolution, detail.from.slice(8)], [purpose, 'P1M', '01']);
        const today = localDateAt(at, 'UTC');
        assert.ok(
          detail.from >= addMonths(today, -12) && detail.until > today,
          `${detail.from} ${detail.until}`,
        );
        asked.add(scope);
      }
  assert.deepEqual([...asked].sort(), purposeScopes);
});
