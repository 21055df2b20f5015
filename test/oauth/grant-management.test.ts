// Grant management: a grant is looked at, given back, and replaced; what it gave before a replacement is worth nothing.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import express from 'express';
import request, { type Response } from 'supertest';
import { challenges } from '../../src/api/access.ts';
import { grantsRoutes } from '../../src/api/grants.ts';
import { findConsent, stopConsent } from '../../src/consent/consents.ts';
import { problemResponses } from '../../src/http/problem.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { newId } from '../../src/lib/ids.ts';
import { denyAuthorization, openAuthorization } from '../../src/oauth/authorize.ts';
import { OauthError } from '../../src/oauth/errors.ts';
import { accessVerifier } from '../../src/oauth/verify-access.ts';
import { openMetrics } from '../../src/observe/metrics.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { approve, grantedCode, issuedToken, push, requestToken } from '../support/oauth-flow.ts';
import { newPkce, type RelyingParty, sha256Base64url } from '../support/third-party.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { parts, databases } = broker;
const purposes = ['energy-advice', 'automation'] as const;
const party = await broker.thirdParty({ purposes: [...purposes] });
const other = await broker.thirdParty();
const metrics = openMetrics();
const api = express()
  .use(giveRequestId, grantsRoutes({ ...parts, verifyAccess: accessVerifier(parts), metrics }))
  .use(challenges(testIssuer), problemResponses({ issuer: testIssuer, log: parts.logger }));

const bothScopes = 'grant_management_query grant_management_revoke';
async function ownToken(by: RelyingParty, scope = bothScopes): Promise<string> {
  return (await requestToken(broker, by, await by.clientForm(scope))).body.access_token;
}
async function call(method: 'get' | 'delete', grantId: string, token: string, by = party): Promise<Response> {
  const path = `/grants/${grantId}`;
  const proof = await by.proof(method.toUpperCase(), testIssuer + path, { ath: sha256Base64url(token) });
  return request(api)[method](path).set('Authorization', `DPoP ${token}`).set('DPoP', proof);
}
const kinds = async (consentId: string): Promise<unknown[]> =>
  (await Array.fromAsync(readEntries(databases.app, 1, 0, 1000)))
    .map((text) => JSON.parse(parseEntry(text).body))
    .filter((body) => body.consent_ref === consentId)
    .map((body) => body.kind);
const refreshed = async (token: string): Promise<Response> =>
  requestToken(broker, party, await party.refreshForm(token));

test('a grant is shown to its third party, with what it is for and until when, and without any token', async () => {
  const home = await testHousehold(parts);
  const issued = await issuedToken(broker, party, home);
  const answer = await call('get', issued.grant_id, await ownToken(party));
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.deepEqual(answer.body.authorization_details, issued.authorization_details);
  assert.ok(Date.parse(answer.body.expires_at) > Date.parse(answer.body.created_at));
  assert.deepEqual(answer.body.last_updated_at, answer.body.created_at);
  assert.doesNotMatch(JSON.stringify(answer.body), /token/);
});

test('a grant that is given back takes its tokens with it, and its consent is over', async () => {
  const home = await testHousehold(parts);
  const issued = await issuedToken(broker, party, home);
  const token = await ownToken(party);
  assert.equal((await call('delete', issued.grant_id, token)).status, 204);
  assert.equal((await refreshed(issued.refresh_token)).body.error, 'invalid_grant');
  assert.equal((await call('get', issued.grant_id, token)).status, 404);
  assert.equal((await call('delete', issued.grant_id, token)).status, 404);
  const [detail] = issued.authorization_details;
  assert.equal((await findConsent(parts.db, detail.consent_id))?.state, 'returned');
  assert.deepEqual((await kinds(detail.consent_id)).slice(-2), ['consent.returned', 'token.revoked']);
});

test('of ten who give one grant back at once one does; nobody meets a fault', async () => {
  const issued = await issuedToken(broker, party, await testHousehold(parts));
  const token = await ownToken(party);
  const all = await Promise.all(Array.from({ length: 10 }, () => call('delete', issued.grant_id, token)));
  const statuses = all.map(({ status }) => status).sort();
  assert.equal(statuses.filter((status) => status === 204).length, 1);
  assert.ok(
    statuses.every((status) => [204, 404, 409].includes(status)),
    String(statuses),
  );
});

test("another's, an unknown and an ended grant are equally unknown; the wrong token is told what it lacks", async () => {
  const home = await testHousehold(parts);
  const issued = await issuedToken(broker, party, home);
  assert.equal((await call('get', issued.grant_id, await ownToken(other), other)).status, 404);
  assert.equal((await call('get', newId('grant'), await ownToken(party))).status, 404);
  assert.equal((await call('get', '..%2f', await ownToken(party))).status, 404);
  const lacking: [string, 'get' | 'delete'][] = [
    [await ownToken(party, 'grant_management_revoke'), 'get'],
    [await ownToken(party, 'grant_management_query'), 'delete'],
    [issued.access_token, 'get'],
  ];
  for (const [token, method] of lacking) {
    const answer = await call(method, issued.grant_id, token);
    assert.deepEqual([answer.status, answer.body.code], [403, 'insufficient_scope']);
    assert.match(String(answer.headers['www-authenticate']), /error="insufficient_scope"/);
  }
  const nobody = await request(api).get(`/grants/${issued.grant_id}`);
  assert.equal(nobody.status, 401);
  const [detail] = issued.authorization_details;
  await stopConsent(parts, { consentId: detail.consent_id, occupierId: home.occupierId });
  assert.equal((await call('get', issued.grant_id, await ownToken(party))).status, 404);
});

describe('PAR refuses', () => {
  const cases: [string, Record<string, string>, string][] = [
    ['a grant_id without an action', { grant_id: newId('grant') }, 'invalid_request'],
    [
      'a grant_id with create',
      { grant_id: newId('grant'), grant_management_action: 'create' },
      'invalid_request',
    ],
    ['replace without a grant_id', { grant_management_action: 'replace' }, 'invalid_request'],
    ['merge', { grant_management_action: 'merge', grant_id: newId('grant') }, 'invalid_request'],
    ['an unknown action', { grant_management_action: 'x' }, 'invalid_request'],
    [
      'an unknown grant',
      { grant_management_action: 'replace', grant_id: newId('grant') },
      'invalid_grant_id',
    ],
    ['no id at all', { grant_management_action: 'replace', grant_id: '../x' }, 'invalid_grant_id'],
  ];
  for (const [name, form, error] of cases)
    test(name, async () => {
      const pushed = await party.pushForm(testDetail(broker.clock), newPkce(), form);
      const answer = await request(broker.app).post('/oauth/par').type('form').send(pushed);
      assert.deepEqual([answer.status, answer.body.error], [400, error]);
    });
  test("another's grant", async () => {
    const issued = await issuedToken(broker, party, await testHousehold(parts));
    const form = { grant_management_action: 'replace', grant_id: issued.grant_id };
    const pushed = await other.pushForm(testDetail(broker.clock), newPkce(), form);
    const answer = await request(broker.app).post('/oauth/par').type('form').send(pushed);
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant_id']);
  });
});

const replacing = (grantId: string) => ({ grant_management_action: 'replace', grant_id: grantId });

for (const purpose of purposes)
  test(`a grant that is replaced for ${purpose} keeps its id; what it gave before is dead, its consent superseded`, async () => {
    const home = await testHousehold(parts);
    const first = await issuedToken(broker, party, home);
    const options = { form: replacing(first.grant_id), detail: { purpose, note: undefined } };
    const second = await issuedToken(broker, party, home, options);
    assert.equal(second.grant_id, first.grant_id);
    assert.notEqual(second.authorization_details[0].consent_id, first.authorization_details[0].consent_id);
    assert.equal((await refreshed(first.refresh_token)).body.error, 'invalid_grant');
    assert.equal((await refreshed(second.refresh_token)).status, 200);
    const before = await findConsent(parts.db, first.authorization_details[0].consent_id);
    assert.equal(before?.state, 'superseded');
    const shown = (await call('get', first.grant_id, await ownToken(party))).body;
    assert.deepEqual(shown.authorization_details, second.authorization_details);
    assert.ok(Date.parse(shown.last_updated_at) > Date.parse(shown.created_at));
  });

test('a code from before a replacement is refused, and trying it does not harm what came after', async () => {
  const home = await testHousehold(parts);
  const first = await grantedCode(broker, party, home);
  const { grant_id } = await broker.databases.app
    .selectFrom('oauth.grant')
    .select('grant_id')
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const second = await issuedToken(broker, party, home, { form: replacing(grant_id) });
  assert.equal(second.grant_id, grant_id);
  for (let i = 0; i < 2; i++) {
    const late = await requestToken(broker, party, await party.codeForm(first.code, first.pkce));
    assert.deepEqual([late.status, late.body.error], [400, 'invalid_grant']);
  }
  assert.equal((await refreshed(second.refresh_token)).status, 200);
});

test('a replacement that is refused leaves the grant as it was', async () => {
  const home = await testHousehold(parts);
  const first = await issuedToken(broker, party, home);
  const pushed = await push(broker, party, { form: replacing(first.grant_id) });
  await openAuthorization(parts, pushed, home);
  await denyAuthorization(parts, pushed, home);
  assert.equal((await refreshed(first.refresh_token)).status, 200);
});

test("another household cannot be led to replace this one's grant", async () => {
  const first = await issuedToken(broker, party, await testHousehold(parts));
  const pushed = await push(broker, party, { form: replacing(first.grant_id) });
  const stranger = await testHousehold(parts);
  await assert.rejects(openAuthorization(parts, pushed, stranger), OauthError);
  await assert.rejects(approve(broker, pushed, stranger), OauthError);
  assert.equal((await refreshed(first.refresh_token)).status, 200);
});

test('the database points a grant at a consent of the same occupier and third party only', async () => {
  const { replaceGrantWithCode } = await import('../../src/oauth/grant-store.ts');
  const first = await issuedToken(broker, party, await testHousehold(parts));
  const foreign = await issuedToken(broker, party, await testHousehold(parts));
  const replaced = await databases.app.transaction().execute((tx) =>
    replaceGrantWithCode(tx, 1, {
      codeHash: Buffer.alloc(32),
      grantId: first.grant_id,
      consentId: foreign.authorization_details[0].consent_id,
      request: { clientId: party.thirdParty.clientId, scope: null } as never,
      lifeSeconds: 60,
    }),
  );
  assert.equal(replaced, false);
});
