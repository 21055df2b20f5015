import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayNumber, localDate } from '../../../src/lib/local-date.ts';
import {
  firstDisagreement,
  type LocalTimeRule,
  localTimeRule,
  offsetByRule,
  zoneOfRule,
} from '../../../src/metering/import/espi-time.ts';
import { offsetAt } from '../../../src/metering/local-time.ts';
import { pacific } from '../../support/green-button.ts';

const rule = (fields: Record<string, string>): LocalTimeRule => {
  const found = localTimeRule(fields);
  assert.ok(found !== null);
  return found;
};
// Last Sunday of March at 1:00 and of October at 2:00, operator 7.
const london = { tzOffset: '0', dstOffset: '3600', dstStartRule: '3E0E1000', dstEndRule: 'AE0E2000' };

test('the bit fields of North America and of Britain are the zones’ own clocks, to the second', () => {
  const cases: [Record<string, string>, string][] = [
    [pacific, 'America/Los_Angeles'],
    [{ ...pacific, tzOffset: '-18000' }, 'America/New_York'],
    [london, 'Europe/London'],
    [{ tzOffset: '-25200' }, 'America/Phoenix'],
    [
      { tzOffset: '-25200', dstOffset: '3600', dstStartRule: 'FFFFFFFF', dstEndRule: 'FFFFFFFF' },
      'America/Phoenix',
    ],
  ];
  for (const [fields, zone] of cases) {
    assert.equal(zoneOfRule(rule(fields), 2011, 2012), zone);
    for (let at = 1_293_840_000; at < 1_356_998_400; at += 1800)
      assert.equal(offsetByRule(rule(fields), at), offsetAt(zone, at), `${zone} ${at}`);
  }
});

test('southern summers, which turn the year, are followed', () => {
  // First Sunday of October at 2:00 to first Sunday of April at 3:00.
  const sydney = rule({
    tzOffset: '36000',
    dstOffset: '3600',
    dstStartRule: 'A40E2000',
    dstEndRule: '440E3000',
  });
  for (let at = 1_735_689_600; at < 1_767_225_600; at += 1800)
    assert.equal(offsetByRule(sydney, at), offsetAt('Australia/Sydney', at), String(at));
});

test('an offset with the wrong sign, or rules of no known zone, is no zone', () => {
  assert.equal(zoneOfRule(rule({ ...pacific, tzOffset: '18000' }), 2011, 2011), null);
  assert.equal(
    zoneOfRule(rule({ ...pacific, dstStartRule: '400E2000'.replace('0E', '4E') }), 2011, 2011),
    null,
  );
});

test('the first day on which file and zone disagree is found', () => {
  const days = Array.from({ length: 365 }, (_, i) => dayNumber(localDate('2011-01-01')) + i);
  assert.equal(firstDisagreement(rule(pacific), 'America/Los_Angeles', days), null);
  assert.equal(firstDisagreement(rule(pacific), 'America/New_York', days), '2011-01-01');
  assert.equal(firstDisagreement(rule({ tzOffset: '-28800' }), 'America/Los_Angeles', days), '2011-03-13');
  const hourLate = { ...pacific, dstStartRule: '360E3000' };
  assert.equal(firstDisagreement(rule(hourLate), 'America/Los_Angeles', days), '2011-03-13');
});

test('fields that are not what ESPI says are refused', () => {
  for (const wrong of [
    {},
    { tzOffset: 'PST' },
    { tzOffset: '-99999999' },
    { ...pacific, dstStartRule: 'summer' },
    { ...pacific, dstStartRule: 'D60E2000' },
    { ...pacific, dstOffset: '1h' },
  ])
    assert.equal(localTimeRule(wrong as Record<string, string>), null, JSON.stringify(wrong));
});
