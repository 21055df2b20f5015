// Two brokers and one third party that is registered, with the same keys, at both: what is meant for one is worth nothing at
// the other, also where whoever runs one of them passes it on.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { StabledoorError } from '../../src/lib/errors.ts';
import { accessVerifier } from '../../src/oauth/verify-access.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { testHousehold } from '../support/household.ts';
import { type OauthBroker, oauthBroker, testDetail } from '../support/oauth-broker.ts';
import { grantedCode, requestToken } from '../support/oauth-flow.ts';
import {
  newPkce,
  type RelyingParty,
  relyingParty,
  sha256Base64url,
  testKey,
  testRedirectUri,
  testRegistration,
} from '../support/third-party.ts';

const [honest, hostile] = [await oauthBroker(), await oauthBroker({}, 'https://other.example')];
after(async () => {
  await honest.close();
  await hostile.close();
});
const { registration, signingKey } = await testRegistration();
const dpopKey = await testKey();
const at = async (broker: OauthBroker): Promise<RelyingParty> => {
  const { clientId } = await registerThirdParty(
    { db: broker.databases.app, ledger: broker.ledger, production: false },
    registration,
  );
  const { issuer } = broker.parts;
  const thirdParty = { clientId, signingKey, dpopKey, redirectUri: testRedirectUri };
  return relyingParty({ issuer, clock: broker.clock, thirdParty });
};
const [party, abroad] = [await at(honest), await at(hostile)];
const home = await testHousehold(honest.parts);
const post = (broker: OauthBroker, path: string, form: object, proof?: string) => {
  const sent = request(broker.app).post(path).type('form');
  return (proof ? sent.set('DPoP', proof) : sent).send(form);
};

test('each answer of the authorization endpoint says whose it is', async () => {
  const { url } = await grantedCode(honest, party, home);
  assert.equal(url.searchParams.get('iss'), honest.parts.issuer);
});

test('an assertion made for one is refused by the other, as whoever it was made', async () => {
  const detail = testDetail(honest.clock);
  for (const iss of [party.thirdParty.clientId, abroad.thirdParty.clientId]) {
    const client_assertion = await abroad.assertion({ iss, sub: iss });
    const form = await party.pushForm(detail, newPkce(), { client_assertion, client_id: undefined });
    assert.equal((await post(honest, '/oauth/par', form)).status, 401);
  }
});

test('a code of one, handed to the other, is neither taken there nor used up', async () => {
  const { code, pkce } = await grantedCode(honest, party, home);
  const { issuer } = hostile.parts;
  const proof = await abroad.proof('POST', `${issuer}/oauth/token`);
  const elsewhere = await post(hostile, '/oauth/token', await abroad.codeForm(code, pkce), proof);
  assert.deepEqual([elsewhere.status, elsewhere.body.error], [400, 'invalid_grant']);
  // Whoever runs the other one has code and verifier now, and the assertion that was meant for it.
  const { client_assertion } = await abroad.codeForm(code, pkce);
  const stolen = await party.codeForm(code, pkce, { client_assertion });
  const ownProof = await party.proof('POST', `${honest.parts.issuer}/oauth/token`, {}, {}, await testKey());
  assert.equal((await post(honest, '/oauth/token', stolen, ownProof)).status, 401);
  assert.equal((await requestToken(honest, party, await party.codeForm(code, pkce))).status, 200);
});

test('a token and its proof, passed on, open nothing at the other, nor is a refresh token known there', async () => {
  const { code, pkce } = await grantedCode(honest, party, home);
  const given = (await requestToken(honest, party, await party.codeForm(code, pkce))).body;
  const path = '/v1/meter-points';
  const ath = sha256Base64url(given.access_token);
  for (const issuer of [honest.parts.issuer, hostile.parts.issuer]) {
    const dpop = await party.proof('GET', issuer + path, { ath });
    const asked = { method: 'GET', path, authorization: `DPoP ${given.access_token}`, dpop: [dpop] };
    const refusal = await accessVerifier(hostile.parts)(asked).catch((error: unknown) => error);
    assert.ok(refusal instanceof StabledoorError && refusal.code === 'invalid_token');
    const atHome = await accessVerifier(honest.parts)(asked).then(
      () => 'let in',
      (error: StabledoorError) => error.code,
    );
    // A proof names where it is for: one that was made for the other is caught.
    assert.equal(atHome, issuer === honest.parts.issuer ? 'let in' : 'invalid_dpop_proof');
  }
  const proof = await abroad.proof('POST', `${hostile.parts.issuer}/oauth/token`);
  const refreshed = await post(hostile, '/oauth/token', await abroad.refreshForm(given.refresh_token), proof);
  assert.deepEqual([refreshed.status, refreshed.body.error], [400, 'invalid_grant']);
});
