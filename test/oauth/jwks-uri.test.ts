// Third parties that keep their keys at an address of their own, on real servers.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { type ClientKeys, clientKeys } from '../../src/registry/client-keys.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { findThirdParty } from '../../src/registry/registry-store.ts';
import { thirdPartyCaller } from '../../src/registry/third-party-call.ts';
import { type KeyHost, keyHost } from '../support/key-host.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { newPkce, relyingParty, type TestKey, testKey, testRegistration } from '../support/third-party.ts';

const broker = await oauthBroker();
const hosts: KeyHost[] = [];
after(async () => {
  await broker.close();
  for (const host of hosts) await host.close();
});
const call = thirdPartyCaller({ allowLoopback: true });

const jwkOf = ({ publicJwk, alg }: TestKey, kid: string, more = {}) => ({ ...publicJwk, kid, alg, ...more });

async function hosted() {
  const signingKey = await testKey();
  const host = await keyHost({ keys: [jwkOf(signingKey, 'signing')] });
  hosts.push(host);
  const { registration } = await testRegistration({ jwksUri: host.url });
  const { jwks: _unused, ...rest } = registration;
  const fetching = { call, clock: broker.clock };
  const parts = { db: broker.databases.app, ledger: broker.ledger, production: false, fetching };
  const { clientId } = await registerThirdParty(parts, rest);
  const thirdParty = {
    clientId,
    signingKey,
    dpopKey: await testKey(),
    redirectUri: rest.redirectUris[0] as string,
  };
  return { host, clientId, party: relyingParty({ issuer: testIssuer, clock: broker.clock, thirdParty }) };
}
type Hosted = Awaited<ReturnType<typeof hosted>>;

/** The status of a pushed request that is signed with this key. */
async function push({ party }: Hosted, key?: TestKey, kid = 'signing'): Promise<number> {
  const client_assertion = await party.assertion({}, { kid }, key);
  const form = await party.pushForm(testDetail(broker.clock), newPkce(), { client_assertion });
  return (await request(broker.app).post('/oauth/par').type('form').send(form)).status;
}
const stored = async ({ clientId }: Hosted) =>
  (await findThirdParty(broker.databases.app, clientId))?.jwks.keys.map(({ kid }) => kid);

test('keys are fetched at registration, and used without being fetched again', async () => {
  const one = await hosted();
  assert.equal(one.host.asked, 1);
  for (let i = 0; i < 3; i++) assert.equal(await push(one), 201);
  assert.equal(one.host.asked, 1);
});

test('a key that is not known is looked for, and a key that is gone from there is refused from then on', async () => {
  const one = await hosted();
  const next = await testKey();
  one.host.answer = { body: { keys: [jwkOf(next, 'next')] } };
  assert.equal(await push(one, next, 'next'), 201);
  assert.deepEqual(await stored(one), ['next']);
  assert.equal(await push(one), 401);
  assert.equal(one.host.asked, 2, 'and not asked again at once');
});

test('a hundred requests with an unknown key are one look, and the right one among them passes', async () => {
  const one = await hosted();
  const next = await testKey();
  one.host.answer = { body: { keys: [jwkOf(next, 'next')] }, delayMs: 200 };
  const statuses = await Promise.all([
    ...Array.from({ length: 30 }, (_, i) => push(one, next, `guess-${i}`)),
    push(one, next, 'next'),
  ]);
  assert.equal(one.host.asked, 2);
  assert.deepEqual(statuses.filter((status) => status === 201).length, 1);
});

test('after a look that failed the last good keys stay', async () => {
  const stranger = await testKey();
  for (const answer of [
    { status: 500, body: {} },
    { status: 302, body: {} },
    { body: 'no JSON' },
    { body: { keys: [] } },
    { body: '['.repeat(5000) },
    { body: `{"keys":[],"x":"${'x'.repeat(70_000)}"}` },
  ]) {
    const one = await hosted();
    one.host.answer = answer;
    assert.equal(await push(one, stranger, 'stranger'), 401);
    assert.equal(one.host.asked, 2);
    assert.equal(await push(one), 201);
    assert.deepEqual(await stored(one), ['signing']);
  }
});

test('private, weak and doubled keys and sets of more than twenty are refused whole; keys for other uses are passed over', async () => {
  const good = await testKey();
  const weak = {
    kty: 'RSA',
    kid: 'weak',
    alg: 'PS256',
    e: 'AQAB',
    n: Buffer.alloc(128, 0xff).toString('base64url'),
  };
  const other = await testKey();
  for (const bad of [
    [jwkOf(good, 'good'), jwkOf(other, 'private', { d: 'AAAA' })],
    [jwkOf(good, 'good'), { kty: 'oct', kid: 'shared', k: 'AAAA' }],
    [jwkOf(good, 'good'), weak],
    [jwkOf(good, 'good'), jwkOf(other, 'good')],
    [jwkOf(good, 'good'), jwkOf(good, 'again')],
    Array.from({ length: 21 }, (_, i) => ({ kty: 'EC', crv: 'P-384', kid: `k${i}` })),
  ]) {
    const one = await hosted();
    one.host.answer = { body: { keys: bad } };
    assert.equal(await push(one, good, 'good'), 401, JSON.stringify(bad));
    assert.deepEqual(await stored(one), ['signing']);
  }
  const one = await hosted();
  const rs256 = { kty: 'RSA', kid: 'rs', alg: 'RS256', e: 'AQAB', n: 'AQAB' };
  const mixed = [
    jwkOf(good, 'good'),
    jwkOf(other, 'enc', { use: 'enc' }),
    { kty: 'EC', crv: 'P-384', kid: 'p' },
    rs256,
  ];
  one.host.answer = { body: { keys: mixed } };
  assert.equal(await push(one, good, 'good'), 201);
  assert.deepEqual(await stored(one), ['good']);
});

test('an old copy is made anew in the background, so that a withdrawn key does not stay good for ever', async () => {
  const one = await hosted();
  const next = await testKey();
  one.host.answer = { body: { keys: [jwkOf(next, 'next')] } };
  await broker.clock.move(broker.clock.nowMs() + 16 * 60_000);
  assert.equal(await push(one), 201, 'the last good copy still serves');
  const giveUpAt = performance.now() + 3000;
  while ((await stored(one))?.[0] !== 'next' && performance.now() < giveUpAt)
    await new Promise((done) => setTimeout(done, 20));
  assert.equal(await push(one), 401);
});

test('a third party whose keys are registered by value is never called for', async () => {
  const party = await broker.thirdParty();
  const calls: string[] = [];
  const keys: ClientKeys = clientKeys({
    ...broker.parts,
    call: async ({ url }) => {
      calls.push(url);
      throw new Error('called');
    },
  });
  const found = await findThirdParty(broker.databases.app, party.thirdParty.clientId);
  assert.ok(found);
  assert.equal(await keys.lookAgain(found), null);
  keys.freshen(found);
  assert.deepEqual(calls, []);
});

test('what cannot be fetched, or may not be called, is not registered', async () => {
  const host = await keyHost({ keys: [] });
  hosts.push(host);
  const { registration } = await testRegistration();
  const { jwks, ...rest } = registration;
  const register = (changes: object, production = false) =>
    registerThirdParty(
      {
        db: broker.databases.app,
        ledger: broker.ledger,
        production,
        fetching: { call: thirdPartyCaller({ allowLoopback: !production }), clock: broker.clock },
      },
      { ...rest, ...changes },
    );
  await assert.rejects(register({ jwksUri: host.url }), /1 to 20 keys/);
  await assert.rejects(register({}), /either jwks or jwksUri/);
  await assert.rejects(register({ jwks, jwksUri: host.url }), /either jwks or jwksUri/);
  const before = host.asked;
  await assert.rejects(register({ jwksUri: host.url }, true), /https/);
  await assert.rejects(register({ jwksUri: host.url.replace('http:', 'https:') }, true), /public internet/);
  await assert.rejects(register({ jwksUri: 'https://169.254.169.254/jwks' }), /public internet/);
  assert.equal(host.asked, before);
});
