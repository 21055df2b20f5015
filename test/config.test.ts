// Settings: what is refused is refused with one line that names it, and a secret is never in a line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError, describeSettings, readConfig } from '../src/config.ts';
import { settings } from '../src/config-settings.ts';

const refusal = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, `not a ConfigError: ${error}`);
    assert.ok(!error.message.includes('\n'), 'more than one line');
    return error.message;
  }
  return assert.fail(`taken: ${JSON.stringify(env)}`);
};

test('with nothing set there is a sandbox on localhost', () => {
  const config = readConfig({});
  assert.equal(config.mode, 'sandbox');
  assert.equal(config.issuer, 'http://localhost:8080');
  assert.equal(config.logOrigin, 'localhost:8080/ledger');
  assert.equal(config.databases, null);
});

test('a STABLEDOOR_ name that is no setting is refused, and other names are left alone', () => {
  assert.match(refusal({ STABLEDOOR_ISSUR: 'https://x.example' }), /STABLEDOOR_ISSUR/);
  assert.equal(readConfig({ HOME: '/root', STABLE: 'x' }).port, 8080);
});

test('a value that cannot be is refused by the name of its setting', () => {
  const bad: Record<string, string[]> = {
    PORT: ['0', '-1', '65536', '80a', '1e3', ' 80'],
    STABLEDOOR_MODE: ['prod', 'PRODUCTION'],
    STABLEDOOR_ISSUER: [
      'x',
      'ftp://x.example',
      'https://x.example/',
      'https://x.example?a=b',
      'https://u@x.example',
    ],
    STABLEDOOR_LOG_ORIGIN: ['https://x.example/ledger', 'a b', 'a+b'],
    STABLEDOOR_MAIL_URL: ['http://x.example'],
    DATABASE_URL: ['mysql://x'],
  };
  for (const [name, values] of Object.entries(bad))
    for (const value of values) assert.match(refusal({ [name]: value }), new RegExp(`^${name}: `), value);
});

test('settings that contradict each other are refused with both names', () => {
  const pairs: [Record<string, string>, RegExp][] = [
    [{ STABLEDOOR_TLS_CERT_FILE: 'c' }, /STABLEDOOR_TLS_CERT_FILE.*STABLEDOOR_TLS_KEY_FILE/],
    [{ STABLEDOOR_TLS_KEY_FILE: 'k' }, /STABLEDOOR_TLS_CERT_FILE.*STABLEDOOR_TLS_KEY_FILE/],
    [
      { STABLEDOOR_TLS_CERT_FILE: 'c', STABLEDOOR_TLS_KEY_FILE: 'k', STABLEDOOR_TRUST_PROXY: 'loopback' },
      /STABLEDOOR_TLS_CERT_FILE.*STABLEDOOR_TRUST_PROXY/,
    ],
    [{ STABLEDOOR_AUDIT_DATABASE_URL: 'postgres://h/d' }, /STABLEDOOR_AUDIT_DATABASE_URL.*DATABASE_URL/],
    [{ DATABASE_URL: 'postgres://h/d' }, /STABLEDOOR_METER_STORE_URL.*DATABASE_URL/],
  ];
  for (const [env, names] of pairs) assert.match(refusal(env), names);
});

test('production needs an https issuer, and http is for localhost outside it', () => {
  assert.match(refusal({ STABLEDOOR_MODE: 'production' }), /^STABLEDOOR_ISSUER: /);
  const http = { STABLEDOOR_ISSUER: 'http://localhost:8080' };
  assert.match(refusal({ ...http, STABLEDOOR_MODE: 'production' }), /^STABLEDOOR_ISSUER: /);
  assert.match(refusal({ STABLEDOOR_ISSUER: 'http://broker.example' }), /^STABLEDOOR_ISSUER: /);
  const issuer = 'https://broker.example/energy';
  const config = readConfig({ STABLEDOOR_MODE: 'production', STABLEDOOR_ISSUER: issuer });
  assert.equal(config.logOrigin, 'broker.example/energy/ledger');
});

test('production does not listen to the network in clear text', () => {
  const open = {
    STABLEDOOR_MODE: 'production',
    STABLEDOOR_ISSUER: 'https://broker.example',
    HOST: '0.0.0.0',
  };
  assert.match(refusal(open), /^HOST: .*STABLEDOOR_TLS_CERT_FILE.*STABLEDOOR_TRUST_PROXY/);
  assert.match(refusal({ ...open, HOST: '::' }), /^HOST: /);
  const tls = { STABLEDOOR_TLS_CERT_FILE: 'c', STABLEDOOR_TLS_KEY_FILE: 'k' };
  for (const safe of [tls, { STABLEDOOR_TRUST_PROXY: '10.0.0.1' }, { HOST: '127.0.0.1' }, { HOST: '::1' }])
    assert.equal(readConfig({ ...open, ...safe }).mode, 'production');
});

test('no secret is printed, whether it is taken or refused', () => {
  const secrets = Object.entries(settings).flatMap(([name, one]) => ('secret' in one ? [name] : []));
  assert.ok(secrets.includes('DATABASE_URL') && secrets.includes('STABLEDOOR_MAIL_URL'));
  fc.assert(
    fc.property(fc.constantFrom(...secrets), fc.stringMatching(/^[a-z0-9]{12,20}$/), (name, secret) => {
      const set = { [name]: `nonsense://user:${secret}@host/x` };
      assert.ok(!refusal(set).includes(secret));
      assert.ok(!JSON.stringify(describeSettings(set)).includes(secret));
    }),
  );
});

test('every setting is described with a default and with what it does', () => {
  for (const one of describeSettings({})) {
    assert.ok(one.standard !== '' && one.does !== '', one.name);
    assert.equal(one.value, null);
  }
});
