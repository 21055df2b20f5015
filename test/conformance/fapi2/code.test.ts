// Cases 59 to 70: the token endpoint and the code.
import assert from 'node:assert/strict';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { testKey } from '../../support/third-party.ts';
import { both, ours, section } from './conformance.ts';
import type { StabledoorTarget } from './stabledoor.ts';
import { type Answer, call, challenged, code, issue, redeem, refresh, refused } from './steps.ts';
import type { Target } from './target.ts';

const redeemBent = (title: string, form: Record<string, unknown>, errors: string | string[]) =>
  both(title, async (t) => refused(await redeem(t, await code(t), { form }), 400, errors));
const withDetail = (t: StabledoorTarget, changes: object): Record<string, string> => {
  const [{ type }] = JSON.parse(String(t.asking().authorization_details));
  return { authorization_details: JSON.stringify([{ type, ...changes }]) };
};

section('token endpoint, code', [
  both('59 code-happy', async (t) => {
    const { status, body, headers } = await redeem(t, await code(t));
    assert.equal(status, 200);
    assert.equal(body.token_type, 'DPoP');
    assert.ok(body.expires_in > 0 && body.access_token && body.refresh_token);
    assert.match(headers.get('cache-control') ?? '', /no-store/);
    assert.equal((await call(t, body.access_token)).status, 200);
  }),
  ours('59 code-happy, and what the token is', async (t) => {
    const body = await issue(t);
    assert.equal(decodeProtectedHeader(body.access_token).typ, 'at+jwt');
    const claims = decodeJwt(body.access_token);
    const jkt = await calculateJwkThumbprint(t.first.thirdParty.dpopKey.publicJwk);
    assert.deepEqual([claims.iss, claims.aud], [t.metadata.issuer, t.metadata.issuer]);
    assert.deepEqual([claims.client_id, claims.cnf], [t.first.thirdParty.clientId, { jkt }]);
    assert.ok(claims.sub && claims.jti && (claims.exp ?? 0) - (claims.iat ?? 0) <= 300);
    assert.deepEqual(claims.authorization_details, body.authorization_details);
    assert.deepEqual(claims.grant_id, body.grant_id);
  }),
  both('60 code-no-dpop', async (t) => {
    const answer = await redeem(t, await code(t), { proof: null });
    refused(answer, 400, ['invalid_dpop_proof', 'invalid_request', 'invalid_grant']);
  }),
  both('61 code-reuse', async (t) => {
    const coded = await code(t);
    const first = await redeem(t, coded);
    await t.advance(1);
    refused(await redeem(t, coded), 400, 'invalid_grant');
    challenged(await call(t, first.body.access_token), 'invalid_token');
    refused(await refresh(t, first.body.refresh_token), 400, 'invalid_grant');
  }),
  ours('62 code-race', async (t) => {
    const coded = await code(t);
    const all = await Promise.all(Array.from({ length: 20 }, () => redeem(t, coded)));
    assert.equal(all.filter(({ status }) => status === 200).length, 1);
    for (const answer of all.filter(({ status }) => status !== 200)) refused(answer, 400, 'invalid_grant');
  }),
  both('63 code-expired', async (t) => {
    const coded = await code(t);
    await t.advance(61);
    refused(await redeem(t, coded), 400, 'invalid_grant');
  }),
  both('64 code-other-client', async (t) => {
    const coded = await code(t);
    refused(await redeem(t, coded, { by: t.second }), 400, 'invalid_grant');
  }),
  redeemBent('65 code-no-verifier', { code_verifier: undefined }, ['invalid_grant', 'invalid_request']),
  redeemBent('65 code-wrong-verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'),
  redeemBent('66 code-redirect-mismatch', { redirect_uri: 'https://third-party.example/other' }, [
    'invalid_grant',
    'invalid_request',
  ]),
  // The peer takes it, as OAuth 2.1 would; we keep to RFC 6749 section 4.1.3.
  ours('66 code-redirect-absent', async (t) => {
    const answer = await redeem(t, await code(t), { form: { redirect_uri: undefined } });
    refused(answer, 400, 'invalid_grant');
  }),
  both('67 code-dpop-bound, by a proof at PAR', async (t) => {
    const DPoP = await t.first.proof('POST', t.metadata.pushed_authorization_request_endpoint);
    const coded = await code(t, { headers: { DPoP } });
    refused(await redeem(t, coded, { key: await testKey() }), 400, ['invalid_grant', 'invalid_dpop_proof']);
  }),
  both('67 code-dpop-bound, by dpop_jkt', async (t) => {
    const dpop_jkt = await calculateJwkThumbprint(t.first.thirdParty.dpopKey.publicJwk);
    const coded = await code(t, { form: { dpop_jkt } });
    refused(await redeem(t, coded, { key: await testKey() }), 400, ['invalid_grant', 'invalid_dpop_proof']);
    const again = await code(t, { form: { dpop_jkt } });
    assert.equal((await redeem(t, again)).status, 200);
  }),
  ours('68 code-grant-withdrawn', async (t) => {
    const coded = await code(t);
    const given = (await t.entries()).filter(({ kind }) => kind === 'consent.given').at(-1);
    await t.stop(String(given?.consent_ref));
    refused(await redeem(t, coded), 400, 'invalid_grant');
  }),
  ours('69 token-rar-narrow', async (t) => {
    const form = withDetail(t, { resolution: 'P1M', ...{ from: t.day().from } });
    const { status, body, text } = await redeem(t, await code(t), { form });
    assert.equal(status, 200, text);
    const [detail] = body.authorization_details;
    assert.deepEqual([detail.resolution, detail.from], ['P1M', t.day().from]);
    const shown = await call(t, body.access_token);
    assert.deepEqual([shown.body.resolution, shown.body.from], ['P1M', t.day().from]);
    const { from, to } = t.day();
    const url = `${t.resource}/${detail.meter_points[0]}/readings?from=${from}&to=${to}&resolution=P1D`;
    const finer = await call(t, body.access_token, { url });
    assert.deepEqual([finer.status, finer.body.code], [403, 'finer_than_consented']);
    const whole = await refresh(t, body.refresh_token);
    assert.equal(whole.body.authorization_details[0].resolution, 'P1D', 'the grant is as it was');
    assert.equal((await call(t, whole.body.access_token, { url })).status, 200);
  }),
  ours('69 token-rar-widen', async (t) => {
    const wider = [{ resolution: 'PT30M' }, { from: '2020-01-01' }, { registers: ['import', 'export'] }];
    for (const changes of wider) {
      const answer = await redeem(t, await code(t), { form: withDetail(t, changes) });
      refused(answer, 400, 'invalid_authorization_details');
    }
  }),
  ...['password', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code', 'constructor'].map(
    (grant_type) =>
      redeemBent(`70 bad-grants ${grant_type}`, { grant_type }, [
        'unsupported_grant_type',
        'unauthorized_client',
      ]),
  ),
  ours('70 bad-grants, none', async (t: Target) => {
    const answer: Answer = await redeem(t, await code(t), { form: { grant_type: undefined } });
    refused(answer, 400, 'invalid_request');
  }),
]);
