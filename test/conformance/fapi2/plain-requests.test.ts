// The plan variants without and with rich authorization requests, as the suite sends them: a scope alone, or a scope beside the
// details; and a refresh that names the scope again.
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { addMonths, type LocalDate, localDateAt } from '../../../src/lib/local-date.ts';
import { ours, section } from './conformance.ts';
import type { StabledoorTarget } from './stabledoor.ts';
import { authorizationUrl, call, code, issue, ownToken, push, redeem, refresh, refused } from './steps.ts';

const scope = 'readings:energy-advice';
const plain = { form: { authorization_details: undefined, scope } };
const both = { form: { scope } };

const post = async (t: StabledoorTarget, endpoint: string, token: string) => {
  const body = new URLSearchParams(await t.first.tokenForm(token));
  return (await fetch(endpoint, { method: 'POST', body })).json();
};

section('without rich authorization requests', [
  ours('25 par-happy, a scope alone', async (t) => {
    const answer = await push(t, plain);
    assert.equal(answer.status, 201, answer.text);
  }),
  ours('59 code-happy, a scope alone: what it stands for is asked, shown, given and said', async (t) => {
    const coded = await code(t, plain);
    const { status, body, text } = await redeem(t, coded);
    assert.equal(status, 200, text);
    assert.equal(body.scope, scope);
    const [{ meter_points, consent_id, ...granted }] = body.authorization_details;
    const month = `${localDateAt(t.first.clock.nowMs(), 'UTC').slice(0, 8)}01` as LocalDate;
    assert.deepEqual(granted, {
      type: 'meter_readings',
      purpose: 'energy-advice',
      fuels: ['electricity'],
      registers: ['import'],
      resolution: 'P1M',
      from: addMonths(month, -11),
      until: addMonths(month, 3),
    });
    assert.deepEqual([meter_points.length, typeof consent_id], [1, 'string']);
    assert.equal(decodeJwt(body.access_token).scope, scope);
    assert.equal((await call(t, body.access_token)).status, 200);
  }),
  ours('59 code-happy, a scope beside details: the details say what', async (t) => {
    const body = await issue(t, { ...both, detail: { resolution: 'P1D' } });
    assert.equal(body.scope, scope);
    assert.equal(body.authorization_details[0].resolution, 'P1D');
  }),
  ours('59 code-happy, details alone: no scope is said', async (t) => {
    assert.equal((await issue(t)).scope, undefined);
  }),
  ours('36 par-scope, one that is not the third party’s, or more than one', async (t) => {
    for (const wrong of [
      'readings:underwriting',
      'readings:marketing',
      'readings:',
      'readings:energy-advice openid',
      `${scope} ${scope}`,
      `${scope} readings:automation`,
      ` ${scope}`,
      scope.toUpperCase(),
      'consents:read',
    ]) {
      const form = { authorization_details: undefined, scope: wrong };
      refused(await push(t, { form }), 400, 'invalid_scope');
      refused(await push(t, { form: { scope: wrong } }), 400, 'invalid_scope');
    }
    refused(
      await push(t, { form: { authorization_details: undefined } }),
      400,
      'invalid_authorization_details',
    );
  }),
  ours('71 refresh-happy, naming the scope again', async (t) => {
    for (const options of [plain, both]) {
      const issued = await issue(t, options);
      const again = await refresh(t, issued.refresh_token, { form: { scope } });
      assert.equal(again.status, 200, again.text);
      assert.equal(again.body.scope, scope);
      assert.equal((await refresh(t, issued.refresh_token)).status, 200);
    }
  }),
  ours('74 refresh-widen, another scope, or one where none was asked by', async (t) => {
    const issued = await issue(t, plain);
    for (const wider of [`${scope} consents:read`, 'consents:read', 'readings:automation', 'openid'])
      refused(await refresh(t, issued.refresh_token, { form: { scope: wider } }), 400, 'invalid_scope');
    const other = await issue(t);
    refused(await refresh(t, other.refresh_token, { form: { scope } }), 400, 'invalid_scope');
  }),
  ours('108 a scope opens no more than the consent: what is finer is refused', async (t) => {
    const issued = await issue(t, plain);
    const [meterPoint] = issued.authorization_details[0].meter_points;
    const search = new URLSearchParams({ ...t.day(), resolution: 'P1D' });
    const answer = await call(t, issued.access_token, {
      url: `${t.resource}/${meterPoint}/readings?${search}`,
    });
    assert.equal(answer.status, 403, answer.text);
  }),
  ours('78 cc-personal, a scope of a householder is not had in the own name', async (t) => {
    refused(await ownToken(t, { form: { scope } }), 400, 'invalid_scope');
    const issued = await issue(t, plain);
    const list = `${t.metadata.issuer}/v1/consents`;
    // A token of a consent is no token in the own name, whatever its scope says.
    const grants = await call(t, issued.access_token, {
      url: `${t.metadata.issuer}/grants/${issued.grant_id}`,
    });
    assert.equal(grants.status, 403, grants.text);
    assert.equal((await call(t, issued.access_token, { url: list })).status, 200);
  }),
  ours('114 introspect, and 116 grants query, say the scope', async (t) => {
    const issued = await issue(t, plain);
    for (const token of [issued.access_token, issued.refresh_token])
      assert.equal((await post(t, t.metadata.introspection_endpoint, token)).scope, scope);
    const own = (await ownToken(t, { form: { scope: 'grant_management_query' } })).body.access_token;
    const grant = await call(t, own, { url: `${t.metadata.issuer}/grants/${issued.grant_id}` });
    assert.deepEqual(JSON.parse(grant.text).scopes, [{ scope }]);
  }),
  ours('119 grants replace, from a scope to details and back', async (t) => {
    const first = await issue(t, plain);
    const replacing = { grant_management_action: 'replace', grant_id: first.grant_id };
    const second = await issue(t, { form: replacing });
    assert.deepEqual([second.grant_id, second.scope], [first.grant_id, undefined]);
    refused(await refresh(t, second.refresh_token, { form: { scope } }), 400, 'invalid_scope');
    const third = await issue(t, { form: { ...plain.form, ...replacing } });
    assert.deepEqual([third.grant_id, third.scope], [first.grant_id, scope]);
  }),
  ours('54 consent-shows, for a scope, what it stands for in words', async (t) => {
    const pushed = await push(t, plain);
    const { page } = await t.consentPage(authorizationUrl(t, pushed.body.request_uri));
    assert.match(page.html, /name="resolution"[^>]*value="P1M"|value="P1M"[^>]*name="resolution"/);
    assert.ok(!page.html.includes('value="PT30M"'), 'nothing finer is offered');
  }),
]);
