// Cases 104 to 109: the resource server.
import assert from 'node:assert/strict';
import { decodeJwt, SignJWT } from 'jose';
import { testKey } from '../../support/third-party.ts';
import { both, ours, section } from './conformance.ts';
import type { StabledoorTarget } from './stabledoor.ts';
import { type Answer, call, challenged, get, issue, post, refresh } from './steps.ts';

interface Read {
  readonly token: string;
  readonly meterPoint: string;
}
async function given(
  t: StabledoorTarget,
  detail: object = {},
): Promise<Read & { consentId: string; refresh: string }> {
  const body = await issue(t, { detail });
  const [granted] = body.authorization_details;
  return {
    token: body.access_token,
    meterPoint: granted.meter_points[0],
    consentId: granted.consent_id,
    refresh: body.refresh_token,
  };
}
const read = (t: StabledoorTarget, { token, meterPoint }: Read, query: object = {}): Promise<Answer> => {
  const search = new URLSearchParams({ ...t.day(), resolution: 'P1D', ...query });
  return call(t, token, { url: `${t.resource}/${meterPoint}/readings?${search}` });
};

section('resource server', [
  both('104 no token', async (t) => {
    const answer = await get(t.resource);
    assert.ok([401, 400].includes(answer.status));
  }),
  ours('104 no token, and the challenge names no error', async (t) => {
    const answer = await get(t.resource);
    const challenge = answer.headers.get('www-authenticate') ?? '';
    assert.equal(answer.status, 401);
    assert.match(
      challenge,
      /^DPoP algs="[^"]+", resource_metadata="[^"]+\/\.well-known\/oauth-protected-resource"$/,
    );
  }),
  both('105 token in query', async (t) => {
    const { access_token } = await issue(t);
    const DPoP = await t.first.proof('GET', t.resource);
    const answer = await get(`${t.resource}?${new URLSearchParams({ access_token })}`, { DPoP });
    assert.ok([400, 401].includes(answer.status), String(answer.status));
  }),
  both('106 expired', async (t) => {
    const { access_token, expires_in } = await issue(t);
    // The peer's tolerance is 15 seconds; ours is none, as the next case shows.
    await t.advance(expires_in + 20);
    challenged(await call(t, access_token), 'invalid_token');
  }),
  ours('106 expired, to the second', async (t) => {
    const { access_token, expires_in } = await issue(t);
    await t.advance(expires_in);
    challenged(await call(t, access_token), 'invalid_token');
  }),
  ours('106 foreign, wrong aud, typ JWT, alg none', async (t) => {
    const { access_token } = await issue(t);
    const claims = decodeJwt(access_token);
    const { privateKey } = await testKey();
    const kid = (await get(t.metadata.jwks_uri)).body.keys[0].kid;
    const signed = (typ: string, changes: object = {}) =>
      new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'ES256', typ, kid }).sign(privateKey);
    const [header, payload] = access_token.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const made = [
      await signed('at+jwt'),
      await signed('at+jwt', { iss: 'https://other.example' }),
      await signed('at+jwt', { aud: 'https://other.example' }),
      await signed('JWT'),
      `${none}.${payload}.`,
      `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    ];
    for (const token of made) challenged(await call(t, token), 'invalid_token');
    const assertion = await t.first.assertion();
    challenged(await call(t, assertion), 'invalid_token');
  }),
  ours('107 withdrawn consent', async (t) => {
    const access = await given(t);
    assert.equal((await read(t, access)).status, 200);
    await t.stop(access.consentId);
    challenged(await read(t, access), 'invalid_token');
    challenged(await call(t, access.token), 'invalid_token');
  }),
  both('107 revoked token', async (t) => {
    const { access_token } = await issue(t);
    assert.equal((await call(t, access_token)).status, 200);
    const revoked = await post(t.metadata.revocation_endpoint, await t.first.tokenForm(access_token));
    assert.equal(revoked.status, 200);
    challenged(await call(t, access_token), 'invalid_token');
  }),
  ours('107 revoked token, at the door that reads', async (t) => {
    const access = await given(t);
    await post(t.metadata.revocation_endpoint, await t.first.tokenForm(access.token));
    challenged(await read(t, access), 'invalid_token');
    const again = await refresh(t, access.refresh);
    const token = again.body.access_token;
    assert.equal((await read(t, { ...access, token })).status, 200);
  }),
  ours('108 more than the detail allows, and not one row of it', async (t) => {
    const access = await given(t);
    const more = [{ resolution: 'PT30M' }, { from: '2020-01-01', to: '2020-01-02' }, { register: 'export' }];
    for (const query of more) {
      const answer = await read(t, access, query);
      assert.equal(answer.status, 403, answer.text);
      assert.match(answer.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/);
      assert.equal(answer.body.readings, undefined);
    }
  }),
  ours('108 an id this consent never had', async (t) => {
    const access = await given(t);
    const answer = await read(t, { ...access, meterPoint: `mp_${'A'.repeat(22)}` });
    assert.deepEqual([answer.status, answer.body.code], [404, 'meter_point_unknown']);
  }),
  ours('109 every verified call is in the ledger, allowed and denied', async (t) => {
    const access = await given(t);
    const before = (await t.entries()).length;
    const allowed = await read(t, access);
    const denied = await read(t, access, { resolution: 'PT30M' });
    const kinds = (await t.entries()).slice(before).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['disclosure', 'refusal']);
    for (const answer of [allowed, denied]) assert.match(answer.headers.get('ledger-entry') ?? '', /\/\d+$/);
  }),
]);
