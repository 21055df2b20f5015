// Cases 110 to 119: revocation, introspection, grant management. Case 120, notices, is with the receivers of notices.
import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { newPkce, type RelyingParty } from '../../support/third-party.ts';
import { both, ours, section } from './conformance.ts';
import type { StabledoorTarget } from './stabledoor.ts';
import {
  type Answer,
  call,
  challenged,
  get,
  issue,
  ownToken,
  post,
  push,
  refresh,
  refused,
} from './steps.ts';
import type { Target } from './target.ts';

const revoke = async (t: Target, token: string, form: object = {}, by: RelyingParty = t.first) =>
  post(t.metadata.revocation_endpoint, await by.tokenForm(token, form as Record<string, string>));
const introspect = async (t: Target, token: string, headers: Record<string, string> = {}, by = t.first) =>
  post(t.metadata.introspection_endpoint, await by.tokenForm(token), headers);

async function ownAccess(t: Target, scope: string, by = t.first): Promise<string> {
  return (await ownToken(t, { by, form: { scope } })).body.access_token;
}
async function grant(
  t: StabledoorTarget,
  method: 'GET' | 'DELETE',
  id: string,
  token: string | null,
  by = t.first,
): Promise<Answer> {
  const url = `${t.metadata.grant_management_endpoint}/${id}`;
  if (token === null) return get(url);
  if (method === 'GET') return call(t, token, { by, url });
  const { sha256Base64url } = await import('../../support/third-party.ts');
  const DPoP = await by.proof('DELETE', url, { ath: sha256Base64url(token) });
  const answer = await fetch(url, { method, headers: { authorization: `DPoP ${token}`, DPoP } });
  return { status: answer.status, headers: answer.headers, text: await answer.text(), body: null };
}

section('revocation, introspection and grants', [
  both('110 revoke RT', async (t) => {
    const issued = await issue(t);
    const { status, text } = await revoke(t, issued.refresh_token);
    assert.deepEqual([status, text], [200, '']);
    refused(await refresh(t, issued.refresh_token), 400, 'invalid_grant');
    challenged(await call(t, issued.access_token), 'invalid_token');
  }),
  both('111 revoke unknown', async (t) => {
    assert.equal((await revoke(t, 'unknown')).status, 200);
    assert.equal((await revoke(t, 'x'.repeat(43))).status, 200);
  }),
  both('111 revoke what is dead already, and with the wrong hint', async (t) => {
    const issued = await issue(t);
    for (const form of [{ token_type_hint: 'access_token' }, {}])
      assert.equal((await revoke(t, issued.refresh_token, form)).status, 200);
    refused(await refresh(t, issued.refresh_token), 400, 'invalid_grant');
  }),
  both("112 revoke another client's token", async (t) => {
    const issued = await issue(t);
    for (const token of [issued.access_token, issued.refresh_token])
      assert.ok([200, 400].includes((await revoke(t, token, {}, t.second)).status));
    assert.equal((await call(t, issued.access_token)).status, 200);
    assert.equal((await refresh(t, issued.refresh_token)).status, 200);
  }),
  // The peer refuses both as well, without Cache-Control.
  ours('113 revoke without client auth', async (t) => {
    const nobody = { client_assertion: undefined, client_assertion_type: undefined };
    refused(await revoke(t, 'x', nobody), [400, 401], ['invalid_client', 'invalid_request']);
  }),
  ours('113 revoke without token', async (t) => {
    refused(await revoke(t, '', { token: undefined }), 400, 'invalid_request');
  }),
  both('114 introspect', async (t) => {
    const issued = await issue(t);
    const { status, body } = await introspect(t, issued.access_token);
    assert.equal(status, 200);
    assert.deepEqual([body.active, body.token_type], [true, 'DPoP']);
    assert.ok(body.cnf.jkt && body.exp && body.client_id === t.first.thirdParty.clientId);
    assert.deepEqual((await introspect(t, 'unknown')).body, { active: false });
    await revoke(t, issued.access_token);
    assert.deepEqual((await introspect(t, issued.access_token)).body, { active: false });
    const nobody = await post(t.metadata.introspection_endpoint, { token: issued.access_token });
    refused(nobody, [400, 401], ['invalid_client', 'invalid_request']);
  }),
  ours('114 introspect, the details, and to its own client alone', async (t) => {
    const issued = await issue(t);
    const { body } = await introspect(t, issued.access_token);
    assert.deepEqual(body.authorization_details, issued.authorization_details);
    assert.deepEqual((await introspect(t, issued.access_token, {}, t.second)).body, { active: false });
  }),
  both('115 introspect signed', async (t) => {
    const issued = await issue(t);
    const accept = 'application/token-introspection+jwt';
    const { text, headers } = await introspect(t, issued.access_token, { accept });
    assert.match(headers.get('content-type') ?? '', /^application\/token-introspection\+jwt/);
    const keys = createLocalJWKSet((await get(t.metadata.jwks_uri)).body);
    const { payload, protectedHeader } = await jwtVerify(text, keys);
    assert.equal(protectedHeader.typ, 'token-introspection+jwt');
    assert.deepEqual([payload.aud, payload.iss], [t.first.thirdParty.clientId, t.metadata.issuer]);
    assert.equal((payload.token_introspection as { active?: boolean }).active, true);
  }),
  ours('116 grants query', async (t) => {
    const issued = await issue(t);
    const answer = await grant(t, 'GET', issued.grant_id, await ownAccess(t, 'grant_management_query'));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.authorization_details, issued.authorization_details);
    assert.ok(answer.body.created_at && answer.body.expires_at);
    assert.doesNotMatch(answer.text, /access_token|refresh_token/);
  }),
  ours('117 grants revoke', async (t) => {
    const issued = await issue(t);
    const answer = await grant(t, 'DELETE', issued.grant_id, await ownAccess(t, 'grant_management_revoke'));
    assert.deepEqual([answer.status, answer.text], [204, '']);
    refused(await refresh(t, issued.refresh_token), 400, 'invalid_grant');
    challenged(await call(t, issued.access_token), 'invalid_token');
  }),
  ours('118 grants errors, at the endpoint', async (t) => {
    const issued = await issue(t);
    const scope = 'grant_management_query';
    const unknown = `grant_${'A'.repeat(22)}`;
    assert.equal((await grant(t, 'GET', unknown, await ownAccess(t, scope))).status, 404);
    const foreign = await grant(t, 'GET', issued.grant_id, await ownAccess(t, scope, t.second), t.second);
    assert.ok([403, 404].includes(foreign.status));
    assert.equal((await grant(t, 'GET', issued.grant_id, null)).status, 401);
    const wrong = await grant(t, 'DELETE', issued.grant_id, await ownAccess(t, scope));
    assert.equal(wrong.status, 403);
  }),
  ours('118 grants errors, at PAR', async (t) => {
    const { grant_id } = await issue(t);
    const wrong: [Record<string, string>, string, RelyingParty][] = [
      [{ grant_id }, 'invalid_request', t.first],
      [{ grant_id, grant_management_action: 'create' }, 'invalid_request', t.first],
      [{ grant_id, grant_management_action: 'merge' }, 'invalid_request', t.first],
      [{ grant_management_action: 'replace' }, 'invalid_request', t.first],
      [
        { grant_id: `grant_${'A'.repeat(22)}`, grant_management_action: 'replace' },
        'invalid_grant_id',
        t.first,
      ],
      [{ grant_id, grant_management_action: 'replace' }, 'invalid_grant_id', t.second],
    ];
    for (const [form, error, by] of wrong) refused(await push(t, { form, by }), 400, error);
  }),
  ours('119 grants replace', async (t) => {
    const first = await issue(t, { detail: { resolution: 'PT30M' } });
    const form = { grant_id: first.grant_id, grant_management_action: 'replace' };
    const second = await issue(t, { form, detail: { resolution: 'P1M' }, pkce: newPkce() });
    assert.equal(second.grant_id, first.grant_id);
    refused(await refresh(t, first.refresh_token), 400, 'invalid_grant');
    challenged(await call(t, first.access_token), 'invalid_token');
    const shown = await grant(t, 'GET', first.grant_id, await ownAccess(t, 'grant_management_query'));
    assert.deepEqual(shown.body.authorization_details, second.authorization_details);
    assert.equal(shown.body.authorization_details[0].resolution, 'P1M');
  }),
]);
