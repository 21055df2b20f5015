import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  type AskingParty,
  askablePurposes,
  isAskable,
  type Wording,
  wordingDigest,
  wordingLine,
  wordingLines,
  wordingText,
  wordRequest,
} from '../../src/consent/wording.ts';
import type { HouseholdId, MeterPointId } from '../../src/lib/ids.ts';
import { localDate } from '../../src/lib/local-date.ts';
import { thirdPartyClasses } from '../../src/policy/request.ts';
import { forbiddenWordsIn } from '../support/forbidden-words.ts';

const party: AskingParty = {
  name: 'Brightwatt Ltd',
  tradingName: 'Brightwatt',
  class: 'price-comparison',
  registrationNumber: '01234567',
  recipientNames: [],
  retentionDays: 30,
  note: null,
};
const point = (id: string, fuel: 'electricity' | 'gas') => ({
  meterPointId: id as MeterPointId,
  householdId: 'household_x' as HouseholdId,
  mpan: '1012345678903',
  fuel,
  address: '12 Mill Lane',
  zone: 'Europe/London',
  tenancyFrom: localDate('2020-01-01'),
  tenancyUntil: null,
  tenancyOver: false,
  linkLapsesAt: new Date('2126-01-01T00:00:00Z'),
});
const terms = {
  purpose: 'tariff-comparison',
  fuels: ['electricity'],
  registers: ['import'],
  resolution: 'P1D',
  from: localDate('2025-11-01'),
  until: localDate('2026-11-01'),
  once: true,
  note: null,
} as const;
const today = localDate('2026-11-20');
const wording = wordRequest(party, terms, [point('e', 'electricity'), point('g', 'gas')], today);

test('the first screen reads as it should', () => {
  assert.equal(
    wordingText(wording),
    `Share your energy use with Brightwatt?
Brightwatt Ltd is a price comparison site, registered as 01234567. We checked who it is, not how good it is.
Why: to compare energy prices for you.
How much may they see?
Month by month
How much you use each month. It can hint at how you heat, and at a long time away.
Day by day
How much you use each day. It also shows days when nobody was home.
Which meter?
Electricity you buy, 12 Mill Lane
Gas, 12 Mill Lane: they did not ask for this.
When: 1 November 2025 to 31 October 2026.
They may look one time at each meter. Nothing from after that.
Who else: Brightwatt says nobody, and that it deletes this after 30 days. We cannot check that.
This is about everyone who lives with you.
By sharing you say: I am 18 or over, I live here, and I am answering for my home.
You can stop at any time: here, by phone or by post. Stopping ends all new looks. It cannot bring back what they have seen.
Saying no changes nothing about your supply.
They never need your password.
`,
  );
});

test('half-hours are named as such, and never without the coarser steps', () => {
  const fine = wordRequest(party, { ...terms, resolution: 'PT30M' }, [point('e', 'electricity')], today);
  assert.deepEqual(
    wordingLines(fine, 'resolution').map((each) => each.of),
    ['P1M', 'P1D', 'PT30M'],
  );
  assert.match(wordingLine(fine, 'resolution-shows', 'PT30M'), /when your home is empty/);
  const coarse = wordRequest(party, { ...terms, resolution: 'P1M' }, [point('e', 'electricity')], today);
  assert.doesNotMatch(wordingText(coarse), /half hour|Day by day/);
});

test('each register that is more than what the home buys has a line of its own', () => {
  const more = wordRequest(
    party,
    { ...terms, registers: ['import', 'export'] },
    [point('e', 'electricity')],
    today,
  );
  assert.deepEqual(
    wordingLines(more, 'register').map((each) => [each.of, each.text]),
    [
      ['import', 'Electricity you buy'],
      ['export', 'Electricity you send to the grid'],
    ],
  );
});

test('the digest is of the text that was shown, and changes with every word of it', () => {
  assert.equal(wordingDigest(wording), createHash('sha256').update(wordingText(wording)).digest('base64'));
  const other = wordRequest({ ...party, retentionDays: 31 }, terms, [point('e', 'electricity')], today);
  assert.notEqual(wordingDigest(other), wordingDigest(wording));
  assert.equal(wordingDigest(JSON.parse(JSON.stringify(wording)) as Wording), wordingDigest(wording));
});

test('no purpose, class or step is worded with a word that we do not say', () => {
  for (const purpose of askablePurposes) {
    for (const kind of thirdPartyClasses) {
      for (const once of [true, false]) {
        const text = wordingText(
          wordRequest(
            { ...party, class: kind, recipientNames: ['Other Ltd'] },
            { ...terms, purpose, once, resolution: 'PT30M', registers: ['import', 'export', 'generation'] },
            [point('e', 'electricity'), point('g', 'gas')],
            once ? today : localDate('2026-01-01'),
          ),
        );
        assert.deepEqual(forbiddenWordsIn(text), []);
      }
    }
  }
});

test('a purpose that rests on another right cannot be asked of a householder', () => {
  for (const purpose of [
    'billing',
    'settlement',
    'council-tax',
    'lawful-order',
    'area-planning',
    'toString',
  ]) {
    assert.ok(!isAskable(purpose), purpose);
  }
});
