// Cases 1 to 6: what the server says of itself.
import assert from 'node:assert/strict';
import { both, ours, section } from './conformance.ts';
import { openStabledoor } from './stabledoor.ts';
import { call, get, issue, refresh } from './steps.ts';

const strong = ['PS256', 'ES256', 'EdDSA', 'Ed25519'];
const list = (value: unknown): string[] => value as string[];

section('metadata and keys', [
  both('1 as-metadata', async (t) => {
    const { metadata } = t;
    assert.equal(metadata.issuer, t.first.issuer);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    for (const grant of ['authorization_code', 'refresh_token', 'client_credentials'])
      assert.ok(list(metadata.grant_types_supported).includes(grant), grant);
    assert.equal(metadata.require_pushed_authorization_requests, true);
    assert.ok(metadata.pushed_authorization_request_endpoint);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(metadata.token_endpoint_auth_methods_supported, ['private_key_jwt']);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    for (const algs of [
      metadata.token_endpoint_auth_signing_alg_values_supported,
      metadata.dpop_signing_alg_values_supported,
      // Of a server without ID tokens too: the certification suite asks for it.
      metadata.id_token_signing_alg_values_supported,
    ])
      assert.ok(list(algs).length > 0 && list(algs).every((alg) => strong.includes(alg)));
  }),
  ours('1 as-metadata, what would be client_secret_basic if it were left out', async ({ metadata }) => {
    assert.deepEqual(metadata.revocation_endpoint_auth_methods_supported, ['private_key_jwt']);
    assert.deepEqual(metadata.introspection_endpoint_auth_methods_supported, ['private_key_jwt']);
    assert.deepEqual(metadata.authorization_details_types_supported, ['meter_readings']);
    assert.deepEqual(metadata.grant_management_actions_supported, ['create', 'query', 'replace', 'revoke']);
  }),
  ours('2 as-metadata-issuer-path', async () => {
    const t = await openStabledoor({ STABLEDOOR_ISSUER: 'http://localhost:PORT/t1' });
    try {
      assert.match(t.metadata.issuer, /\/t1$/);
      const issued = await issue(t);
      assert.equal((await call(t, issued.access_token)).status, 200);
    } finally {
      await t.close();
    }
  }),
  both('3 openid-configuration alias', async (t) => {
    const found = await get(`${t.metadata.issuer}/.well-known/openid-configuration`);
    assert.deepEqual([found.status, found.body], [200, t.metadata]);
  }),
  both('4 jwks', async ({ metadata }) => {
    const { status, body } = await get(metadata.jwks_uri);
    assert.equal(status, 200);
    const keys = body.keys as Record<string, string>[];
    assert.ok(keys.length > 0);
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
    for (const key of keys) {
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'x5u', 'jku']) assert.ok(!(member in key));
      if (key.kty === 'RSA') assert.ok(Buffer.from(key.n ?? '', 'base64url').length >= 256);
      if (key.kty === 'EC') assert.ok(['P-256', 'P-384', 'P-521'].includes(key.crv ?? ''));
    }
  }),
  ours('6 prm', async ({ metadata: { issuer } }) => {
    const { status, body } = await get(`${issuer}/.well-known/oauth-protected-resource`);
    assert.equal(status, 200);
    assert.equal(body.resource, issuer);
    assert.deepEqual(body.authorization_servers, [issuer]);
    assert.deepEqual(body.bearer_methods_supported, ['header']);
    assert.equal(body.dpop_bound_access_tokens_required, true);
    assert.deepEqual(body.authorization_details_types_supported, ['meter_readings']);
  }),
  both('1 and 6, a token from the endpoints named there opens the resource named there', async (t) => {
    const issued = await issue(t);
    assert.equal((await call(t, issued.access_token)).status, 200);
    assert.equal((await refresh(t, issued.refresh_token)).status, 200);
  }),
]);
