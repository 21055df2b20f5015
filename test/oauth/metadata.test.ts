import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import express from 'express';
import request from 'supertest';
import { giveRequestId } from '../../src/http/request-id.ts';
import { oauthContracts } from '../../src/oauth/contract.ts';
import { oauthRoutes } from '../../src/oauth/routes.ts';
import { readJwks } from '../../src/registry/jwks.ts';
import { oauthBroker, testIssuer } from '../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { app } = broker;

test('the metadata names this profile and nothing looser', async () => {
  const { body, status } = await request(app).get('/.well-known/oauth-authorization-server');
  assert.equal(status, 200);
  assert.equal(body.issuer, testIssuer);
  assert.equal(body.require_pushed_authorization_requests, true);
  assert.deepEqual(body.response_types_supported, ['code']);
  assert.deepEqual(body.code_challenge_methods_supported, ['S256']);
  assert.deepEqual(body.token_endpoint_auth_methods_supported, ['private_key_jwt']);
  assert.equal(body.authorization_response_iss_parameter_supported, true);
  assert.deepEqual(body.authorization_details_types_supported, ['meter_readings']);
  for (const algs of [
    body.token_endpoint_auth_signing_alg_values_supported,
    body.dpop_signing_alg_values_supported,
  ])
    assert.deepEqual(algs, ['ES256', 'PS256', 'EdDSA', 'Ed25519']);
  assert.deepEqual((await request(app).get('/.well-known/openid-configuration')).body, body);
});

test('the resource metadata leads back to the issuer', async () => {
  const { body } = await request(app).get('/.well-known/oauth-protected-resource');
  assert.equal(body.resource, testIssuer);
  assert.deepEqual(body.authorization_servers, [testIssuer]);
  assert.deepEqual(body.bearer_methods_supported, ['header']);
  assert.equal(body.dpop_bound_access_tokens_required, true);
});

test('the published keys are ones we would take from others', async () => {
  const { body } = await request(app).get('/.well-known/jwks.json');
  assert.equal(readJwks(body).keys[0]?.kid, broker.parts.signingKeys.current().kid);
});

test('an issuer with a path has its well-known part between host and path', async () => {
  const withPath = express().use(
    giveRequestId,
    oauthRoutes({ ...broker.parts, issuer: 'https://broker.example/t1' }),
  );
  const { body } = await request(withPath).get('/.well-known/oauth-authorization-server/t1');
  assert.equal(body.issuer, 'https://broker.example/t1');
  assert.equal((await request(withPath).get('/.well-known/oauth-protected-resource/t1')).status, 200);
  assert.equal((await request(withPath).get(new URL(body.jwks_uri).pathname)).status, 200);
  assert.equal((await request(withPath).get(new URL(body.token_endpoint).pathname)).status, 405);
});

test('every path of the contract is answered, and other methods are refused with what is allowed', async () => {
  for (const { path, method } of oauthContracts) {
    assert.notEqual((await request(app)[method](path)).status, 404, path);
    const wrong = await request(app).delete(path);
    assert.equal(wrong.status, 405);
    assert.ok(wrong.headers.allow, path);
  }
});
