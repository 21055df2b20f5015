// Dynamic client registration (RFC 7591): open in a sandbox, by software statement alone in production.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import express from 'express';
import { SignJWT } from 'jose';
import request from 'supertest';
import { rateLimiter } from '../../src/http/rate-limit.ts';
import { standardRatePolicies } from '../../src/http/rate-policies.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { type OauthRouteParts, oauthRoutes } from '../../src/oauth/routes.ts';
import { readStatementIssuers, type StatementIssuer } from '../../src/oauth/software-statement.ts';
import { findThirdParty } from '../../src/registry/registry-store.ts';
import { thirdPartyCaller } from '../../src/registry/third-party-call.ts';
import { allEntries } from '../support/entries.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { newPkce, relyingParty, type TestKey, testKey } from '../support/third-party.ts';

// Each test registers more than anyone may in an hour.
const broker = await oauthBroker({ registrations: { quota: 10_000, windowSeconds: 60 } });
after(() => broker.close());
const directory = 'https://directory.example';
const directoryKey = await testKey();
const issuers: StatementIssuer[] = [
  { issuer: directory, jwks: { keys: [{ ...directoryKey.publicJwk, kid: 'd', alg: 'ES256' } as never] } },
];
const call = thirdPartyCaller({ allowLoopback: true });
const appWith = (changes: Partial<OauthRouteParts>) =>
  express().use(giveRequestId, oauthRoutes({ ...broker.parts, ...changes }));
const production = appWith({ registration: { production: true, issuers, call } });

const signingKey = await testKey();
const jwksOf = (key: TestKey) => ({ keys: [{ ...key.publicJwk, kid: 'signing', alg: 'ES256' }] });
const metadata = {
  client_name: 'Acme Advice',
  redirect_uris: ['https://acme.example/callback'],
  jwks: jwksOf(signingKey),
  token_endpoint_auth_method: 'private_key_jwt',
  grant_types: ['authorization_code', 'refresh_token'],
  class: 'energy-adviser',
  registration_number: '01234567',
  purposes: ['energy-advice'],
  logo_uri: 'https://acme.example/not-known-here.png',
};
const register = (body: unknown, app = broker.app) =>
  request(app)
    .post('/oauth/register')
    .type('json')
    .send(body as object);

const statement = (claims: Record<string, unknown> = {}, key = directoryKey, alg = 'ES256') => {
  const nowS = Math.floor(broker.clock.nowMs() / 1000);
  const base = {
    iss: directory,
    aud: testIssuer,
    iat: nowS,
    exp: nowS + 3600,
    software_id: 'acme-1',
    ...metadata,
  };
  return new SignJWT({ ...base, ...claims }).setProtectedHeader({ alg, kid: 'd' }).sign(key.privateKey);
};

test('in a sandbox anyone registers, is in the ledger, and can ask at once', async () => {
  const answer = await register(metadata);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  assert.equal(answer.headers['cache-control'], 'no-store');
  const { client_id: clientId, ...rest } = answer.body;
  assert.deepEqual(rest.redirect_uris, metadata.redirect_uris);
  assert.equal(rest.token_endpoint_auth_method, 'private_key_jwt');
  assert.ok(!('client_secret' in rest) && !('logo_uri' in rest));
  const entry = (await allEntries(broker.databases.app)).at(-1);
  assert.deepEqual([entry?.kind, entry?.actor], ['third-party.registered', 'third-party']);
  const thirdParty = {
    clientId,
    signingKey,
    dpopKey: await testKey(),
    redirectUri: 'https://acme.example/callback',
  };
  const party = relyingParty({ issuer: testIssuer, clock: broker.clock, thirdParty });
  const detail = testDetail(broker.clock, { note: undefined });
  const pushed = await request(broker.app)
    .post('/oauth/par')
    .type('form')
    .send(await party.pushForm(detail, newPkce()));
  assert.equal(pushed.status, 201, JSON.stringify(pushed.body));
});

test('metadata says where, and only where it is offered', async () => {
  const at = async (app: express.Express) =>
    (await request(app).get('/.well-known/oauth-authorization-server')).body.registration_endpoint;
  assert.equal(await at(broker.app), `${testIssuer}/oauth/register`);
  const closed = appWith({ registration: null });
  assert.equal(await at(closed), undefined);
  assert.equal((await register(metadata, closed)).status, 404);
});

test('what cannot be had is refused with the code of RFC 7591, and nobody is registered', async () => {
  const before = (await allEntries(broker.databases.app)).length;
  const without = (name: keyof typeof metadata) => ({ ...metadata, [name]: undefined });
  for (const [changed, error] of [
    [{ ...metadata, redirect_uris: ['http://acme.example/callback'] }, 'invalid_redirect_uri'],
    [{ ...metadata, redirect_uris: ['https://acme.example/#x'] }, 'invalid_redirect_uri'],
    [without('redirect_uris'), 'invalid_redirect_uri'],
    [without('jwks'), 'invalid_client_metadata'],
    [without('class'), 'invalid_client_metadata'],
    [{ ...metadata, jwks_uri: 'https://acme.example/jwks' }, 'invalid_client_metadata'],
    [{ ...without('jwks'), jwks_uri: 'https://10.0.0.1/jwks' }, 'invalid_client_metadata'],
    [{ ...metadata, token_endpoint_auth_method: 'client_secret_basic' }, 'invalid_client_metadata'],
    [{ ...metadata, grant_types: ['password'] }, 'invalid_client_metadata'],
    [{ ...metadata, response_types: ['token'] }, 'invalid_client_metadata'],
    [{ ...metadata, purposes: ['claim'] }, 'invalid_client_metadata'],
    [{ ...metadata, client_name: 'Acme\u202eecivdA' }, 'invalid_client_metadata'],
    [
      { ...metadata, jwks: { keys: [{ ...jwksOf(signingKey).keys[0], d: 'AAAA' }] } },
      'invalid_client_metadata',
    ],
    [[], 'invalid_client_metadata'],
  ] as const) {
    const answer = await register(changed);
    assert.deepEqual([answer.status, answer.body.error], [400, error], JSON.stringify(changed));
  }
  assert.equal((await register('{"a":')).status, 400);
  assert.equal((await request(broker.app).get('/oauth/register')).status, 405);
  assert.equal((await allEntries(broker.databases.app)).length, before);
});

test('in production nobody registers without a statement of an issuer that the operator named', async () => {
  const other = await testKey();
  const nowS = Math.floor(broker.clock.nowMs() / 1000);
  for (const [software_statement, error] of [
    [undefined, 'invalid_software_statement'],
    ['nonsense', 'invalid_software_statement'],
    [await statement({ iss: 'https://other.example' }), 'unapproved_software_statement'],
    [await statement({}, other), 'invalid_software_statement'],
    [await statement({ exp: nowS - 120 }), 'invalid_software_statement'],
    [await statement({ exp: undefined }), 'invalid_software_statement'],
    [await statement({ software_id: undefined }), 'invalid_software_statement'],
    [await statement({ jwks: undefined }), 'invalid_client_metadata'],
    [await statement({ redirect_uris: undefined }), 'invalid_redirect_uri'],
  ] as const) {
    const answer = await register({ ...metadata, software_statement }, production);
    assert.deepEqual([answer.status, answer.body.error], [400, error]);
  }
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await statement()).split('.')[1]}.`;
  const answer = await register({ software_statement: unsigned }, production);
  assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_software_statement']);
});

test('a statement that is for somebody else registers nobody, in production and in a sandbox', async () => {
  const sandbox = appWith({ registration: { production: false, issuers, call } });
  const before = (await allEntries(broker.databases.app)).length;
  for (const aud of [
    undefined,
    '',
    [],
    'https://other.example',
    ['https://other.example'],
    `${testIssuer}/`,
    `${testIssuer}/oauth/token`,
    { issuer: testIssuer },
  ])
    for (const app of [production, sandbox]) {
      const software_statement = await statement({ aud });
      const answer = await register({ ...metadata, software_statement }, app);
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_software_statement'], String(aud));
      assert.match(answer.body.error_description, /audience/);
    }
  assert.equal((await allEntries(broker.databases.app)).length, before);
});

test('a statement is for the issuer or for its registration endpoint, alone or among others', async () => {
  const endpoint = `${testIssuer}/oauth/register`;
  for (const aud of [testIssuer, endpoint, [testIssuer], ['https://other.example', endpoint]]) {
    const answer = await register({ software_statement: await statement({ aud }) }, production);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  }
});

test('in production the statement alone says who it is, where answers go and what signs', async () => {
  const thief = {
    ...metadata,
    client_name: 'Somebody else',
    redirect_uris: ['https://evil.example/callback'],
    jwks: jwksOf(await testKey()),
    class: 'lawful-authority',
  };
  const answer = await register({ ...thief, software_statement: await statement() }, production);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const registered = await findThirdParty(broker.databases.app, answer.body.client_id);
  assert.deepEqual(
    [registered?.name, registered?.status, registered?.class, registered?.redirectUris],
    [metadata.client_name, 'active', 'energy-adviser', metadata.redirect_uris],
  );
  assert.equal(registered?.jwks.keys[0]?.x, signingKey.publicJwk.x);
});

test('registrations are counted by address', async () => {
  const policies = { ...standardRatePolicies, registrations: { quota: 2, windowSeconds: 3600 } };
  const app = appWith({ limiter: rateLimiter(broker.parts, policies) });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await register({}, app)).status);
  assert.deepEqual(statuses, [400, 400, 429, 429]);
});

test('a file of issuers that cannot be used stops the start, and the line names it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stabledoor-issuers-'));
  const file = join(folder, 'issuers.json');
  await writeFile(file, JSON.stringify({ issuers: [{ issuer: directory, jwks: issuers[0]?.jwks }] }));
  assert.equal((await readStatementIssuers(file))[0]?.issuer, directory);
  for (const wrong of ['', '{}', '{"issuers":[]}', '{"issuers":[{"issuer":"x","jwks":{"keys":[]}}]}']) {
    await writeFile(file, wrong);
    await assert.rejects(readStatementIssuers(file), /STABLEDOOR_SOFTWARE_STATEMENT_FILE: .*issuers\.json/);
  }
  await rm(folder, { recursive: true });
});
