// A sentence of a consent never changes without a new wording version: each version is known by the digest of all it can say.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { askablePurposes, wordingText, wordRequest } from '../../src/consent/wording.ts';
import { dataWords, purposeWords, wordsVersion } from '../../src/consent/words/en.ts';
import type { HouseholdId, MeterPointId } from '../../src/lib/ids.ts';
import { localDate } from '../../src/lib/local-date.ts';
import { purposes, registers, thirdPartyClasses } from '../../src/policy/request.ts';
import { purposesOf, resolutions } from '../../src/registry/purposes.ts';
import { askingParty } from '../support/consent.ts';
import { forbiddenWordsIn } from '../support/forbidden-words.ts';

/** Add a line for a new version; a line that is there stays as it is, because consents refer to it. */
const digests: Readonly<Record<number, string>> = {
  2: 'ducN+0Yva0oguGa/2bQJB/nPQ0STm80f5QoqPWO58bk=',
};

const point = (id: string, fuel: 'electricity' | 'gas', over: boolean, linked = true) => ({
  meterPointId: id as MeterPointId,
  householdId: 'household_x' as HouseholdId,
  mpan: id,
  fuel,
  address: '12 Mill Lane',
  zone: 'Europe/London',
  tenancyFrom: localDate('2020-01-01'),
  tenancyUntil: null,
  tenancyOver: over,
  linkLapsesAt: linked ? new Date('2099-01-01') : null,
});
const home = [
  point('1', 'electricity', false),
  point('2', 'gas', false),
  point('3', 'electricity', true),
  point('4', 'electricity', false, false),
];

/** Every request that can be worded, in one text. */
function everything(): string {
  const texts = askablePurposes.flatMap((purpose) =>
    thirdPartyClasses.flatMap((kind) =>
      [0, 1].flatMap((more) => {
        const terms = {
          ...{ purpose, fuels: ['electricity' as const], resolution: 'PT30M' as const, note: null },
          registers: more === 1 ? registers : (['import'] as const),
          ...{ from: localDate('2025-01-01'), until: localDate('2026-01-01'), once: more === 1 },
        };
        const party = {
          ...askingParty,
          class: kind,
          recipientNames: more === 1 ? ['Other Ltd', 'Third Ltd'] : [],
          retentionDays: more === 1 ? 1 : 30,
          note: more === 1 ? 'We compare.' : null,
        };
        return ['2025-06-01', '2026-06-01'].map((today) =>
          wordingText(wordRequest(party, terms, home, localDate(today))),
        );
      }),
    ),
  );
  return texts.join('\n');
}

test('no sentence has changed without a new wording version', () => {
  const digest = createHash('sha256').update(everything()).digest('base64');
  assert.equal(
    digest,
    digests[wordsVersion],
    'a sentence changed: raise wordsVersion in src/consent/words/en.ts and add its digest here',
  );
});

test('every purpose of the table is said in plain words, and none with a word that we do not say', () => {
  for (const purpose of purposes) {
    const { why, notices } = purposeWords[purpose];
    assert.match(why, /^(to|because) .*\.$/, purpose);
    for (const text of [why, ...notices]) assert.deepEqual(forbiddenWordsIn(text), [], text);
  }
  const registered = thirdPartyClasses.flatMap((kind) => purposesOf(kind).map(({ purpose }) => purpose));
  for (const purpose of registered) assert.ok(purpose in purposeWords, purpose);
});

test('what each purpose must say, it says', () => {
  const says = (purpose: (typeof askablePurposes)[number], sentence: RegExp) =>
    assert.ok(
      purposeWords[purpose].notices.some((notice) => sentence.test(notice)),
      `${purpose}: ${sentence}`,
    );
  says('automation', /They may read\. They cannot switch anything/);
  says('marketing', /does not let them phone, e-mail or text you/);
  for (const purpose of ['fuel-poverty', 'vulnerability'] as const) {
    says(purpose, /changes nothing about your benefits or your housing/);
    says(purpose, /because you say yes, and for no other reason/);
  }
  says('service', /not use this for adverts/);
});

test('what is read is said in a line each', () => {
  assert.deepEqual(dataWords(['electricity', 'gas'], ['import', 'export'], 'P1D'), [
    'Electricity you buy, day by day',
    'Electricity you send to the grid, day by day',
    'Gas you use, day by day',
  ]);
  for (const resolution of resolutions)
    for (const line of dataWords(['electricity', 'gas'], registers, resolution))
      assert.deepEqual(forbiddenWordsIn(line), []);
});
