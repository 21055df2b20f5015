// Cases 71 to 79: refresh tokens, and tokens in the own name.
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { testKey } from '../../support/third-party.ts';
import { both, ours, section } from './conformance.ts';
import { call, challenged, issue, ownToken, refresh, refused } from './steps.ts';

section('refresh and client credentials', [
  both('71 refresh-happy', async (t) => {
    const issued = await issue(t);
    for (let i = 0; i < 3; i++) {
      const { status, body } = await refresh(t, issued.refresh_token);
      assert.equal(status, 200);
      assert.equal((await call(t, body.access_token)).status, 200);
      await t.advance(31);
    }
  }),
  ours('72 refresh-new-dpop-key', async (t) => {
    const issued = await issue(t);
    const key = await testKey();
    const { status, body } = await refresh(t, issued.refresh_token, { key });
    assert.equal(status, 200);
    assert.equal((await call(t, body.access_token, { key })).status, 200);
    challenged(await call(t, body.access_token), ['invalid_token', 'invalid_dpop_proof']);
  }),
  both('73 refresh-no-auth', async (t) => {
    const issued = await issue(t);
    const form = { client_assertion: undefined, client_assertion_type: undefined };
    refused(
      await refresh(t, issued.refresh_token, { form }),
      [400, 401],
      ['invalid_client', 'invalid_request'],
    );
  }),
  both('73 refresh-other-client', async (t) => {
    const issued = await issue(t);
    refused(await refresh(t, issued.refresh_token, { by: t.second }), 400, 'invalid_grant');
  }),
  both('73 refresh-no-dpop', async (t) => {
    const issued = await issue(t);
    const answer = await refresh(t, issued.refresh_token, { proof: null });
    // The certification suite takes no other code here, also not invalid_dpop_proof.
    refused(answer, 400, ['invalid_request', 'invalid_grant']);
  }),
  both('74 refresh-widen, scope', async (t) => {
    const issued = await issue(t);
    refused(await refresh(t, issued.refresh_token, { form: { scope: 'openid own' } }), 400, 'invalid_scope');
  }),
  ours('74 refresh-widen, details', async (t) => {
    const issued = await issue(t);
    const authorization_details = JSON.stringify([{ type: 'meter_readings', resolution: 'PT30M' }]);
    const answer = await refresh(t, issued.refresh_token, { form: { authorization_details } });
    refused(answer, 400, 'invalid_authorization_details');
  }),
  both('75 refresh-race', async (t) => {
    const issued = await issue(t);
    const all = await Promise.all(Array.from({ length: 20 }, () => refresh(t, issued.refresh_token)));
    assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
  }),
  ours('76 refresh-after-withdrawal', async (t) => {
    const issued = await issue(t);
    await t.stop(issued.authorization_details[0].consent_id);
    refused(await refresh(t, issued.refresh_token), 400, 'invalid_grant');
  }),
  ours('76 refresh-after-grant-expiry, and no access token outlives its grant', async (t) => {
    const issued = await issue(t);
    const { entries } = t;
    const given = (await entries()).filter(({ kind }) => kind === 'consent.given').at(-1);
    const endS = Number(given?.expires_s);
    const nowS = decodeJwt(issued.access_token).iat ?? 0;
    await t.advance(endS - nowS - 100);
    const { body } = await refresh(t, issued.refresh_token);
    assert.equal(decodeJwt(body.access_token).exp, endS);
    await t.advance(110);
    refused(await refresh(t, issued.refresh_token), 400, 'invalid_grant');
  }),
  both('77 cc-happy', async (t) => {
    const { status, body } = await ownToken(t);
    assert.equal(status, 200);
    assert.deepEqual([body.token_type, body.refresh_token], ['DPoP', undefined]);
  }),
  ours('77 cc-happy, and what the token is', async (t) => {
    const { body } = await ownToken(t);
    const claims = decodeJwt(body.access_token);
    assert.deepEqual(
      [claims.sub, claims.client_id],
      [t.first.thirdParty.clientId, t.first.thirdParty.clientId],
    );
    assert.ok((claims.cnf as { jkt?: string }).jkt);
    const own = await call(t, body.access_token, { url: `${t.metadata.issuer}/v1/consents` });
    assert.equal(own.status, 200);
  }),
  ours('78 cc-personal', async (t) => {
    const form = { authorization_details: t.asking().authorization_details, scope: undefined };
    refused(await ownToken(t, { form }), 400, ['invalid_authorization_details', 'invalid_scope']);
    const { body } = await ownToken(t);
    const answer = await call(t, body.access_token);
    assert.deepEqual([answer.status, answer.body.code], [403, 'insufficient_scope']);
  }),
  ours('79 cc-sub-collision', async (t) => {
    const byConsent = decodeJwt((await issue(t)).access_token).sub ?? '';
    const own = decodeJwt((await ownToken(t)).body.access_token).sub ?? '';
    assert.match(byConsent, /^consent_/);
    assert.match(own, /^client_/);
  }),
]);
