import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { thirdPartyClasses } from '../../src/policy/request.ts';
import { isFiner, purposeRule, purposesOf } from '../../src/registry/purposes.ts';
import { checkRegistration, type Registration } from '../../src/registry/third-party.ts';

const jwks = {
  keys: [
    { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: 'a' },
  ],
};
const registration: Registration = {
  name: 'Brightwatt Ltd',
  class: 'energy-adviser',
  redirectUris: ['https://brightwatt.example/cb'],
  purposes: ['energy-advice'],
  jwks,
};
const check = (changes: object) => checkRegistration({ ...registration, ...changes }, { production: true });
const faultsOf = (changes: object): string => {
  const checked = check(changes);
  assert.ok('faults' in checked, 'it was taken');
  return checked.faults.join('\n');
};

test('a registration is taken with its defaults: group and trading name are the name', () => {
  const checked = check({});
  assert.ok('registration' in checked);
  const { group, tradingName, detailTypes, recipients, notes } = checked.registration;
  assert.deepEqual(
    [group, tradingName, detailTypes, recipients, notes],
    ['Brightwatt Ltd', 'Brightwatt Ltd', ['meter_readings'], [], {}],
  );
});

test('a purpose that the class cannot have is refused, and so is a class that does not exist', () => {
  assert.match(
    faultsOf({ purposes: ['underwriting'] }),
    /underwriting is not open to the class energy-adviser/,
  );
  assert.match(faultsOf({ class: 'council', purposes: ['council-tax'] }), /council-tax is refused/);
  for (const refused of ['landlord', 'letting-agent', 'employer', 'lender', 'debt-collector'])
    assert.match(faultsOf({ class: refused }), /class: a .* is refused as a class/);
  assert.match(faultsOf({ class: 'researcher', purposes: ['research'] }), /ethicsNumber: research needs/);
});

test('unknown fields, bad keys, bad addresses and doubles are each named', () => {
  assert.match(faultsOf({ trusted: true }), /trusted/);
  assert.match(faultsOf({ jwks: { keys: [] } }), /1 to 20 keys/);
  assert.match(faultsOf({ redirectUris: ['http://localhost/cb'] }), /https/);
  assert.match(faultsOf({ redirectUris: ['https://a.example/cb', 'https://a.example/cb'] }), /twice/);
  assert.match(faultsOf({ redirectUris: [] }), /redirectUris/);
});

test('a name with characters that cannot be seen is refused', () => {
  for (const name of ['Bright\u202ewatt', 'Bright\u200bwatt', 'Bright\u0000watt', '   ', 'x'.repeat(121)])
    assert.match(faultsOf({ name }), /name/, JSON.stringify(name));
});

test('every class has a purpose, and only aggregates have no finest resolution', () => {
  for (const each of thirdPartyClasses) {
    assert.ok(purposesOf(each).length > 0);
    for (const rule of purposesOf(each)) assert.equal(rule.finest === null, rule.gate === 'aggregate');
  }
  assert.equal(purposeRule('insurer', 'underwriting')?.finest, 'P1M');
  assert.equal(purposeRule('insurer', 'energy-advice'), undefined);
  assert.ok(
    isFiner('PT30M', 'P1D') && isFiner('P1D', 'P1M') && !isFiner('P1M', 'P1M') && !isFiner('P1M', 'P1D'),
  );
});
