// Cases 25 to 42: pushed authorization requests. The flood of 42 is the rate limiter's own case.
import assert from 'node:assert/strict';
import { calculateJwkThumbprint } from 'jose';
import { testKey } from '../../support/third-party.ts';
import { both, ours, section } from './conformance.ts';
import type { StabledoorTarget } from './stabledoor.ts';
import { type PushOptions, post, push, refused } from './steps.ts';
import type { Target } from './target.ts';

const par = (t: Target) => t.metadata.pushed_authorization_request_endpoint;
const refusing = (
  title: string,
  form: Record<string, unknown>,
  errors: string | string[] = 'invalid_request',
) => both(title, async (t) => refused(await push(t, { form }), 400, errors));

const rar = (title: string, value: (detail: Record<string, unknown>) => unknown) =>
  ours(title, async (t: StabledoorTarget) => {
    const [detail] = JSON.parse(String(t.asking().authorization_details));
    const made = value(detail);
    const form = { authorization_details: typeof made === 'string' ? made : JSON.stringify(made) };
    refused(await push(t, { form }), 400, 'invalid_authorization_details');
  });
const changed = (title: string, changes: object) => rar(title, (detail) => [{ ...detail, ...changes }]);

section('PAR', [
  both('25 par-happy', async (t) => {
    const { status, body, headers } = await push(t);
    assert.equal(status, 201);
    assert.match(body.request_uri, /^urn:ietf:params:oauth:request_uri:.{20,}$/);
    assert.ok(body.expires_in >= 5 && body.expires_in < 600);
    assert.match(headers.get('cache-control') ?? '', /no-store/);
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
  }),
  both('26 par-get', async (t) => {
    for (const method of ['GET', 'PUT']) assert.ok((await fetch(par(t), { method })).status >= 400, method);
  }),
  ours('26 par-get, and what is allowed', async (t) => {
    const answer = await fetch(par(t));
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
  }),
  both('27 par-request-uri-param', async (t) => {
    const { body } = await push(t);
    const form = { request_uri: body.request_uri };
    refused(await push(t, { form }), 400, ['invalid_request', 'request_uri_not_supported']);
  }),
  refusing('28 par-no-pkce', { code_challenge: undefined, code_challenge_method: undefined }),
  refusing('29 par-plain', { code_challenge_method: 'plain' }),
  refusing('29 par-plain, method missing', { code_challenge_method: undefined }),
  refusing('30 par-bad-challenge', { code_challenge: 'short' }),
  refusing('31 par-no-redirect', { redirect_uri: undefined }),
  ...['/x', '?x=1', '#x'].map((tail) =>
    both(`32 par-unregistered-redirect ${tail}`, async (t) => {
      const redirect_uri = t.first.thirdParty.redirectUri + tail;
      refused(await push(t, { form: { redirect_uri } }), 400, ['invalid_request', 'invalid_redirect_uri']);
    }),
  ),
  refusing('33 par-http-redirect', { redirect_uri: 'http://third-party.example/callback' }, [
    'invalid_request',
    'invalid_redirect_uri',
  ]),
  ...['token', 'code id_token', 'none'].map((response_type) =>
    refusing(`34 par-response-type ${response_type}`, { response_type }, [
      'unsupported_response_type',
      'invalid_request',
      'unauthorized_client',
    ]),
  ),
  both('35 par-dpop-mismatch', async (t) => {
    const key = await testKey();
    const DPoP = await t.first.proof('POST', par(t));
    const form = { dpop_jkt: await calculateJwkThumbprint(key.publicJwk) };
    refused(await push(t, { form, headers: { DPoP } }), 400, ['invalid_request', 'invalid_dpop_proof']);
  }),
  ours('36 par-scope', async (t) => {
    for (const scope of ['openid', t.ownScope])
      refused(await push(t, { form: { scope } }), 400, 'invalid_scope');
  }),
  rar('37 par-rar-json, not JSON', () => '{'),
  rar('37 par-rar-json, not an array', (detail) => detail),
  rar('37 par-rar-json, member not an object', () => ['meter_readings']),
  changed('38 par-rar-unknown-type', { type: 'payment' }),
  changed('38 par-rar-unknown-type, missing', { type: undefined }),
  changed('39 par-rar-unknown-field', { meter: '1012345678901' }),
  changed('40 par-rar-wrong-value, another type', { fuels: 'electricity' }),
  changed('40 par-rar-wrong-value, out of range', { resolution: 'PT1S' }),
  changed('40 par-rar-wrong-value, end before start', { from: '2026-03-01', until: '2026-02-01' }),
  changed('40 par-rar-wrong-value, a day that is none', { from: '2026-02-30' }),
  changed('40 par-rar-wrong-value, required missing', { purpose: undefined }),
  changed('40 par-rar-wrong-value, for ever', { until: '2099-01-01' }),
  changed("40 par-rar-wrong-value, a purpose that is another class's", { purpose: 'underwriting' }),
  rar('40 par-rar-wrong-value, two details', (detail) => [detail, detail]),
  ...['meter_aggregates', 'meter_readings_by_right', 'meter_answer'].map((type) =>
    changed(`41 par-rar-client-type ${type}`, { type }),
  ),
  both('42 par-too-large', async (t) => {
    const answer = await post(par(t), `x=${'y'.repeat(1_000_000)}`);
    assert.ok([413, 400].includes(answer.status), String(answer.status));
  }),
  ours('42 par-too-large, and it is 413', async (t) => {
    refused(await post(par(t), `x=${'y'.repeat(1_000_000)}`), 413, 'invalid_request');
  }),
  ours('25 par-happy, twice the same is two requests', async (t) => {
    const options: PushOptions = {};
    const [one, two] = [await push(t, options), await push(t, options)];
    assert.notEqual(one.body.request_uri, two.body.request_uri);
  }),
]);
