// What a third party is told of a token (RFC 7662, RFC 9701), and how it makes one worthless (RFC 7009).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import request, { type Response } from 'supertest';
import { stopConsent } from '../../src/consent/consents.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { admitCaller } from '../../src/oauth/admission-store.ts';
import { accessVerifier } from '../../src/oauth/verify-access.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testIssuer } from '../support/oauth-broker.ts';
import { issuedToken, requestToken } from '../support/oauth-flow.ts';
import { type RelyingParty, sha256Base64url } from '../support/third-party.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { app, parts, databases } = broker;
const party = await broker.thirdParty();
const other = await broker.thirdParty();
const home = await testHousehold(parts);
const verifyAccess = accessVerifier(parts);

const post = (path: string, form: Record<string, string>, accept = 'application/json') =>
  request(app).post(path).type('form').set('Accept', accept).send(form);
const introspect = async (by: RelyingParty, token: string): Promise<Response['body']> => {
  const answer = await post('/oauth/introspect', await by.tokenForm(token));
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer.body;
};
const revoke = async (by: RelyingParty, token: string, changes: object = {}): Promise<number> =>
  (await post('/oauth/revoke', await by.tokenForm(token, changes as never))).status;
const revocations = async (): Promise<Record<string, unknown>[]> =>
  (await Array.fromAsync(readEntries(databases.app, 1, 0, 1000)))
    .map((text) => JSON.parse(parseEntry(text).body))
    .filter((body) => body.kind === 'token.revoked');

/** Whether the data API would let it in, with a proof of its own. */
async function stands(token: string): Promise<boolean> {
  const url = `${testIssuer}/v1/consents`;
  const proof = await party.proof('GET', url, { ath: sha256Base64url(token) });
  const claims = await verifyAccess({
    method: 'GET',
    path: '/v1/consents',
    authorization: `DPoP ${token}`,
    dpop: [proof],
  });
  return (await admitCaller(databases.app, 1, claims)).tokenStands;
}

test('an active token is described, for its own third party only', async () => {
  const issued = await issuedToken(broker, party, home);
  const claims = decodeJwt(issued.access_token);
  const body = await introspect(party, issued.access_token);
  assert.equal(body.active, true);
  assert.deepEqual(
    [body.iss, body.aud, body.sub, body.client_id, body.jti, body.iat, body.exp],
    [claims.iss, claims.aud, claims.sub, claims.client_id, claims.jti, claims.iat, claims.exp],
  );
  assert.deepEqual([body.cnf, body.token_type], [claims.cnf, 'DPoP']);
  assert.deepEqual(body.authorization_details, issued.authorization_details);
  assert.equal(body.grant_id, issued.grant_id);
  const refresh = await introspect(party, issued.refresh_token);
  assert.deepEqual([refresh.active, refresh.grant_id], [true, issued.grant_id]);
  for (const token of [issued.access_token, issued.refresh_token])
    assert.deepEqual(await introspect(other, token), { active: false });
});

test('of whatever does not stand, nothing is said but that', async () => {
  const issued = await issuedToken(broker, party, home);
  const [detail] = issued.authorization_details;
  await stopConsent(parts, { consentId: detail.consent_id, occupierId: home.occupierId });
  for (const token of [
    issued.access_token,
    issued.refresh_token,
    'x',
    'x'.repeat(43),
    'a.b.c',
    `${issued.access_token}x`,
  ])
    assert.deepEqual(await introspect(party, token), { active: false });
});

test('the answer is signed when it is asked for so, for the caller, and cannot pass for an access token', async () => {
  const issued = await issuedToken(broker, party, home);
  const type = 'application/token-introspection+jwt';
  const answer = await post('/oauth/introspect', await party.tokenForm(issued.access_token), type);
  assert.equal(answer.headers['content-type'], type);
  const keys = createLocalJWKSet((await request(app).get('/.well-known/jwks.json')).body);
  const text = answer.text ?? answer.body.toString('utf8');
  const { payload, protectedHeader } = await jwtVerify(text, keys);
  assert.equal(protectedHeader.typ, 'token-introspection+jwt');
  assert.deepEqual([payload.iss, payload.aud], [testIssuer, party.thirdParty.clientId]);
  assert.deepEqual([payload.sub, payload.exp], [undefined, undefined]);
  assert.deepEqual(payload.token_introspection, await introspect(party, issued.access_token));
});

test('both endpoints want a client that proves itself, and a token', async () => {
  for (const path of ['/oauth/introspect', '/oauth/revoke']) {
    const without = await post(path, { token: 'x' });
    assert.deepEqual([without.status, without.body.error], [401, 'invalid_client']);
    const nothing = await post(path, await party.tokenForm('x', { token: undefined }));
    assert.deepEqual([nothing.status, nothing.body.error], [400, 'invalid_request']);
  }
});

test('an access token is dead at once, alone, though its signature verifies; the ledger says so once', async () => {
  const issued = await issuedToken(broker, party, home);
  assert.equal(await stands(issued.access_token), true);
  const before = (await revocations()).length;
  assert.equal(await revoke(party, issued.access_token), 200);
  assert.equal(await revoke(party, issued.access_token), 200);
  assert.equal(await stands(issued.access_token), false);
  assert.deepEqual(await introspect(party, issued.access_token), { active: false });
  const said = (await revocations()).slice(before);
  assert.deepEqual(
    said.map(({ actor, token, consent_ref, reason }) => [actor, token, consent_ref, reason]),
    [
      [
        'third-party',
        decodeJwt(issued.access_token).jti,
        issued.authorization_details[0].consent_id,
        'asked_by_third_party',
      ],
    ],
  );
  const again = await requestToken(broker, party, await party.refreshForm(issued.refresh_token));
  assert.equal(again.status, 200, 'the refresh token lives');
  assert.equal(await stands(again.body.access_token), true);
});

test('a refresh token takes its access tokens with it, whatever the hint says; the consent stays', async () => {
  const issued = await issuedToken(broker, party, home);
  assert.equal(await revoke(party, issued.refresh_token, { token_type_hint: 'access_token' }), 200);
  assert.equal(await stands(issued.access_token), false);
  const again = await requestToken(broker, party, await party.refreshForm(issued.refresh_token));
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
  const { reason, token } = (await revocations()).at(-1) ?? {};
  assert.deepEqual([reason, token], ['asked_by_third_party', undefined]);
});

test("another third party's token survives, and unknown ones are no error", async () => {
  const issued = await issuedToken(broker, party, home);
  const before = (await revocations()).length;
  for (const token of [issued.access_token, issued.refresh_token, 'unknown', 'x'.repeat(43)])
    assert.equal(await revoke(other, token), 200);
  assert.equal(await stands(issued.access_token), true);
  assert.equal((await revocations()).length, before);
  assert.equal(
    (await requestToken(broker, party, await party.refreshForm(issued.refresh_token))).status,
    200,
  );
});

test('a token in the own name is described and revoked too', async () => {
  const form = await party.clientForm('consents:read');
  const { access_token } = (await requestToken(broker, party, form)).body;
  const body = await introspect(party, access_token);
  assert.deepEqual([body.active, body.sub, body.scope], [true, party.thirdParty.clientId, 'consents:read']);
  assert.equal(await revoke(party, access_token), 200);
  assert.deepEqual(await introspect(party, access_token), { active: false });
  assert.equal(await stands(access_token), false);
  const { consent_ref, token } = (await revocations()).at(-1) ?? {};
  assert.deepEqual([consent_ref, token], [undefined, decodeJwt(access_token).jti]);
});

test('twenty revocations of one token at once are one entry', async () => {
  const issued = await issuedToken(broker, party, home);
  const before = (await revocations()).length;
  const all = await Promise.all(Array.from({ length: 20 }, () => revoke(party, issued.access_token)));
  assert.deepEqual(new Set(all), new Set([200]));
  assert.equal((await revocations()).length, before + 1);
});
