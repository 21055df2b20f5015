// Cases 43 to 58: the authorization endpoint, the consent page and what comes back from it.
import assert from 'node:assert/strict';
import { inputValues, textOf } from '../../../src/demo/browser.ts';
import { both, ours, section } from './conformance.ts';
import { authorizationUrl, code, issue, type PushOptions, push, redeem } from './steps.ts';
import type { Answered, Target } from './target.ts';

const pushedUrl = async (t: Target, options: PushOptions = {}): Promise<string> =>
  authorizationUrl(t, (await push(t, options)).body.request_uri);

/** Refused on a page of the server, or at the registered address with an error; never with a code, never elsewhere. */
function isRefused(t: Target, { url, status }: Answered): void {
  assert.equal(url.searchParams.get('code'), null, String(url));
  if (url.origin === new URL(t.metadata.issuer).origin) assert.ok(status >= 400, `${status} ${url}`);
  else assert.ok(url.href.startsWith(t.first.thirdParty.redirectUri) && url.searchParams.get('error'));
}

section('authorization endpoint and consent', [
  both('43 authz-without-par', async (t) => {
    const query = new URLSearchParams({
      client_id: t.first.thirdParty.clientId,
      response_type: 'code',
      redirect_uri: t.first.thirdParty.redirectUri,
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    isRefused(t, await t.approve(`${t.metadata.authorization_endpoint}?${query}`));
  }),
  both('44 authz-other-client', async (t) => {
    const { body } = await push(t);
    const answer = await t.approve(authorizationUrl(t, body.request_uri, t.second));
    isRefused(t, answer);
    assert.equal(answer.url.origin, new URL(t.metadata.issuer).origin, 'no redirect');
  }),
  both('45 authz-expired', async (t) => {
    const { body } = await push(t);
    await t.advance(body.expires_in + 1);
    isRefused(t, await t.approve(authorizationUrl(t, body.request_uri)));
  }),
  both('46 authz-reload', async (t) => {
    const url = await pushedUrl(t);
    await t.look(url);
    await t.look(url);
    assert.ok((await t.approve(url)).url.searchParams.get('code'));
  }),
  both('47 authz-reuse', async (t) => {
    const url = await pushedUrl(t);
    await t.approve(url);
    isRefused(t, await t.approve(url));
  }),
  ours('48 authz-slow-user', async (t) => {
    const url = await pushedUrl(t);
    const { page, answer } = await t.consentPage(url);
    await t.advance(600);
    const points = inputValues(page, 'meter_points').map((value) => ['meter_points', value] as const);
    const given = await answer([['resolution', 'P1D'], ...points, ['decision', 'share']]);
    assert.ok(new URL(given.url).searchParams.get('code'), given.url);
    await t.advance(600);
    isRefused(t, await t.approve(url));
  }),
  both('49 authz-minimal', async (t) => {
    assert.ok((await t.approve(await pushedUrl(t))).url.searchParams.get('code'));
  }),
  both('50 authz-outside-params', async (t) => {
    const { body } = await push(t);
    const more = { state: 'outside', redirect_uri: 'https://evil.example/', nonce: 'outside' };
    const { url } = await t.approve(authorizationUrl(t, body.request_uri, t.first, more));
    assert.ok(url.href.startsWith(t.first.thirdParty.redirectUri));
    assert.equal(url.searchParams.get('state'), 'state-1');
  }),
  both('51 authz-response', async (t) => {
    const { url } = await t.approve(await pushedUrl(t));
    assert.equal(url.hash, '');
    assert.equal(url.searchParams.get('state'), 'state-1');
    assert.equal(url.searchParams.get('iss'), t.metadata.issuer);
    assert.ok((url.searchParams.get('code') ?? '').length >= 22, '128 bits');
  }),
  ours('51 authz-response, by 303', async (t) => {
    const { page, answer } = await t.consentPage(await pushedUrl(t));
    const points = inputValues(page, 'meter_points').map((value) => ['meter_points', value] as const);
    const given = await answer([['resolution', 'P1D'], ...points, ['decision', 'share']]);
    assert.equal(given.status, 303);
    assert.deepEqual([...new URL(given.url).searchParams.keys()], ['code', 'state', 'iss']);
  }),
  both('52 authz-no-state', async (t) => {
    const { url } = await t.approve(await pushedUrl(t, { form: { state: undefined } }));
    assert.equal(url.searchParams.get('state'), null);
  }),
  both('52 authz-long-state', async (t) => {
    const state = 'ä&=%?/'.repeat(200);
    const { url } = await t.approve(await pushedUrl(t, { form: { state } }));
    assert.equal(url.searchParams.get('state'), state);
  }),
  both('53 authz-reject', async (t) => {
    const { url } = await t.refuse(await pushedUrl(t));
    assert.equal(url.searchParams.get('error'), 'access_denied');
    assert.equal(url.searchParams.get('state'), 'state-1');
    assert.equal(url.searchParams.get('iss'), t.metadata.issuer);
    assert.equal(url.searchParams.get('code'), null);
  }),
  ours('53 authz-reject, and the ledger has it', async (t) => {
    await t.refuse(await pushedUrl(t));
    assert.equal((await t.entries()).at(-1)?.kind, 'consent.refused');
  }),
  ours('54 consent-shows', async (t) => {
    const { page } = await t.consentPage(await pushedUrl(t, { detail: { resolution: 'PT30M' } }));
    const text = page.html.replace(/<[^>]*>/g, ' ');
    assert.equal(page.status, 200);
    assert.match(text, /Brightwatt Ltd/);
    assert.match(text, /half.hour/i);
    assert.match(text, /Mill Lane/);
    assert.ok(textOf(page, 'id="share"') && textOf(page, 'id="refuse"'));
    assert.equal((page.html.match(/<script/g) ?? []).length, 0, 'it works without script');
  }),
  ours('55 consent-csrf', async (t) => {
    const before = (await t.entries()).filter(({ kind }) => kind === 'consent.given').length;
    const { page, answer } = await t.consentPage(await pushedUrl(t));
    const action = new URL(page.url);
    const stranger = await fetch(action, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ decision: 'share', resolution: 'P1D' }),
      headers: { origin: 'https://evil.example' },
    });
    assert.equal(stranger.status, 403);
    const bent = await answer([
      ['form_token', 'x'.repeat(43)],
      ['decision', 'share'],
      ['resolution', 'P1D'],
    ]);
    assert.ok(bent.status === 403 || bent.status === 400, String(bent.status));
    assert.equal((await t.entries()).filter(({ kind }) => kind === 'consent.given').length, before);
  }),
  ours('56 consent-double-submit', async (t) => {
    const { page, answer } = await t.consentPage(await pushedUrl(t));
    const points = inputValues(page, 'meter_points').map((value) => ['meter_points', value] as const);
    const fields = [['resolution', 'P1D'], ...points, ['decision', 'share']] as const;
    const given = await Promise.all([answer(fields), answer(fields)]);
    const codes = given.map(({ url }) => new URL(url).searchParams.get('code')).filter(Boolean);
    assert.equal(codes.length, 1);
    assert.ok(given.every(({ status }) => status < 500));
  }),
  ours('57 consent-headers', async (t) => {
    const { headers } = await t.look(await pushedUrl(t));
    const page = await fetch(await pushedUrl(t), {
      headers: { origin: 'https://evil.example' },
      redirect: 'manual',
    });
    assert.equal(page.headers.get('access-control-allow-origin'), null);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    // A browser heeds HSTS over TLS only; that it is sent there is shown where TLS is.
    if (t.metadata.issuer.startsWith('https:'))
      assert.match(headers.get('strict-transport-security') ?? '', /max-age=\d{7,}/);
    assert.match(headers.get('cache-control') ?? '', /no-store/);
  }),
  ours('58 consent-narrow', async (t) => {
    const coded = await (async () => {
      const { newPkce } = await import('../../support/third-party.ts');
      const pkce = newPkce();
      const { page, answer } = await t.consentPage(await pushedUrl(t, { pkce }));
      const points = inputValues(page, 'meter_points').map((value) => ['meter_points', value] as const);
      const { from } = t.day();
      const given = await answer([['resolution', 'P1M'], ...points, ['from', from], ['decision', 'share']]);
      const callback = new URL(given.url);
      return { code: callback.searchParams.get('code') ?? '', pkce, by: t.first, callback };
    })();
    const { body } = await redeem(t, coded);
    const [detail] = body.authorization_details;
    assert.deepEqual([detail.resolution, detail.from], ['P1M', t.day().from]);
  }),
  both('51 mix-up, the code goes to the address that was pushed only', async (t) => {
    const { callback } = await code(t);
    assert.ok(callback.href.startsWith(`${t.first.thirdParty.redirectUri}?`));
    assert.ok((await issue(t)).access_token);
  }),
]);
