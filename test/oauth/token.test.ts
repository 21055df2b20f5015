import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import express from 'express';
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose';
import request from 'supertest';
import { stopConsent } from '../../src/consent/consents.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { oauthRoutes } from '../../src/oauth/routes.ts';
import { issueToken } from '../../src/oauth/token.ts';
import { restoreThirdParty, suspendThirdParty } from '../../src/registry/registry.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testIssuer } from '../support/oauth-broker.ts';
import { grantedCode, issuedToken, requestToken } from '../support/oauth-flow.ts';
import { newPkce, testKey } from '../support/third-party.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { app, clock, parts, databases } = broker;
const party = await broker.thirdParty();
const home = await testHousehold(parts);
const { dpopKey } = party.thirdParty;
const tokenUrl = `${testIssuer}/oauth/token`;
const later = (seconds: number) => clock.move(clock.nowMs() + seconds * 1000);

const entries = async (): Promise<Record<string, unknown>[]> =>
  (await Array.fromAsync(readEntries(databases.app, 1, 0, 1000))).map((text) =>
    JSON.parse(parseEntry(text).body),
  );
const isRevoked = async (grantId: string): Promise<boolean> =>
  (
    await databases.app
      .selectFrom('oauth.grant')
      .select('revoked_at')
      .where('grant_id', '=', grantId)
      .executeTakeFirstOrThrow()
  ).revoked_at !== null;
const consentOf = (body: { authorization_details: { consent_id: string }[] }) =>
  body.authorization_details[0]?.consent_id ?? '';

test('a code gives a DPoP token that carries what was granted, and the ledger says so first', async () => {
  const { code, pkce } = await grantedCode(broker, party, home, { choice: { resolution: 'P1M' } });
  const answer = await requestToken(broker, party, await party.codeForm(code, pkce));
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.headers['cache-control'], 'no-store');
  const { access_token, token_type, expires_in, authorization_details, grant_id } = answer.body;
  assert.deepEqual([token_type, expires_in], ['DPoP', 300]);
  assert.equal(authorization_details.length, 1);
  assert.equal(authorization_details[0].resolution, 'P1M', 'what stayed, not what was asked');
  assert.equal(authorization_details[0].meter_points.length, 1);

  const keys = (await request(app).get('/.well-known/jwks.json')).body;
  const { payload, protectedHeader } = await jwtVerify(access_token, createLocalJWKSet(keys), {
    currentDate: new Date(clock.nowMs()),
  });
  const jkt = await calculateJwkThumbprint(dpopKey.publicJwk);
  assert.equal(protectedHeader.typ, 'at+jwt');
  assert.equal(payload.iss, testIssuer);
  assert.equal(payload.aud, testIssuer);
  assert.equal(payload.client_id, party.thirdParty.clientId);
  assert.equal(payload.sub, consentOf(answer.body));
  assert.deepEqual(payload.cnf, { jkt });
  assert.deepEqual(payload.authorization_details, authorization_details);
  assert.equal(payload.grant_id, grant_id);

  const { req: _, ...entry } = (await entries()).at(-1) ?? {};
  assert.deepEqual(entry, {
    kind: 'token.issued',
    actor: 'third-party',
    third_party: party.thirdParty.clientId,
    consent_ref: payload.sub,
    jkt,
    token: payload.jti,
    expires_s: payload.exp,
  });
});

test('neither code nor refresh token is in the database, nor what could be guessed of them', async () => {
  const { code, pkce } = await grantedCode(broker, party, home);
  const { refresh_token } = (await requestToken(broker, party, await party.codeForm(code, pkce))).body;
  const codes = await databases.owner.selectFrom('oauth.authorization_code').selectAll().execute();
  const tokens = await databases.owner.selectFrom('oauth.refresh_token').selectAll().execute();
  const everything = JSON.stringify([codes, tokens, await entries()]);
  assert.ok(codes.length > 0 && tokens.length > 0);
  for (const secret of [code, refresh_token]) {
    const hex = Buffer.from(secret, 'base64url').toString('hex');
    assert.ok(!everything.includes(secret) && !everything.includes(hex));
  }
});

describe('a code is refused as invalid_grant', () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['without a verifier', { code_verifier: undefined }],
    ['with another verifier', { code_verifier: newPkce().verifier }],
    ['with a verifier that is too short', { code_verifier: 'x' }],
    ['without redirect_uri', { redirect_uri: undefined }],
    ['with another redirect_uri', { redirect_uri: 'https://third-party.example/other' }],
    ['when it is made up', { code: 'A'.repeat(43) }],
    ['when it is not even a code', { code: 'x' }],
  ];
  for (const [name, changes] of wrong)
    test(`${name}, and it is not spent by that`, async () => {
      const { code, pkce } = await grantedCode(broker, party, home);
      const answer = await requestToken(broker, party, await party.codeForm(code, pkce, changes));
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant']);
      assert.equal((await requestToken(broker, party, await party.codeForm(code, pkce))).status, 200);
    });

  test('by another third party, which does not spend it either', async () => {
    const { code, pkce } = await grantedCode(broker, party, home);
    const other = await broker.thirdParty();
    const theirs = await requestToken(broker, other, await other.codeForm(code, pkce));
    assert.deepEqual([theirs.status, theirs.body.error], [400, 'invalid_grant']);
    assert.equal((await requestToken(broker, party, await party.codeForm(code, pkce))).status, 200);
  });

  test('after 60 seconds', async () => {
    const { code, pkce } = await grantedCode(broker, party, home);
    await later(61);
    const answer = await requestToken(broker, party, await party.codeForm(code, pkce));
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant']);
  });

  test('when the consent was stopped before', async () => {
    const { code, pkce } = await grantedCode(broker, party, home);
    const given = (await entries()).findLast((body) => body.kind === 'consent.given');
    await stopConsent(parts, { consentId: given?.consent_ref as never, occupierId: home.occupierId });
    const answer = await requestToken(broker, party, await party.codeForm(code, pkce));
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant']);
  });

  test('with another DPoP key than the one it was bound to at PAR', async () => {
    const other = await testKey();
    const jkt = await calculateJwkThumbprint(other.publicJwk);
    const { code, pkce } = await grantedCode(broker, party, home, { form: { dpop_jkt: jkt } });
    const answer = await requestToken(broker, party, await party.codeForm(code, pkce));
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant']);
    assert.equal((await requestToken(broker, party, await party.codeForm(code, pkce), other)).status, 200);
  });
});

test('a code that is used again is refused, and what it gave is revoked and recorded before the answer', async () => {
  const { code, pkce } = await grantedCode(broker, party, home);
  const first = await requestToken(broker, party, await party.codeForm(code, pkce));
  assert.equal(first.status, 200);
  assert.equal(await isRevoked(first.body.grant_id), false);
  const again = await requestToken(broker, party, await party.codeForm(code, pkce));
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
  assert.equal(await isRevoked(first.body.grant_id), true);
  const { kind, reason, consent_ref } = (await entries()).at(-1) ?? {};
  assert.deepEqual([kind, reason, consent_ref], ['token.revoked', 'code_reused', consentOf(first.body)]);
  const refresh = await requestToken(broker, party, await party.refreshForm(first.body.refresh_token));
  assert.deepEqual([refresh.status, refresh.body.error], [400, 'invalid_grant']);
  await requestToken(broker, party, await party.codeForm(code, pkce));
  assert.equal((await entries()).filter((body) => body.kind === 'token.revoked').length, 1, 'once');
});

test('a code that is used again revokes even when it is out of time or comes with the wrong verifier', async () => {
  const { code, pkce } = await grantedCode(broker, party, home);
  const first = await requestToken(broker, party, await party.codeForm(code, pkce));
  await later(120);
  await requestToken(broker, party, await party.codeForm(code, newPkce()));
  assert.equal(await isRevoked(first.body.grant_id), true);
});

test('a code that is used again revokes even when a scope comes with it that was not granted', async () => {
  const { code, pkce } = await grantedCode(broker, party, home);
  const first = await requestToken(broker, party, await party.codeForm(code, pkce));
  const form = { ...(await party.codeForm(code, pkce)), scope: 'readings:energy-advice' };
  const again = await requestToken(broker, party, form);
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
  assert.equal(await isRevoked(first.body.grant_id), true);
});

test('of 50 redemptions of one code at once exactly one succeeds', async () => {
  const { code, pkce } = await grantedCode(broker, party, home);
  const forms = await Promise.all(Array.from({ length: 50 }, () => party.codeForm(code, pkce)));
  const answers = await Promise.all(forms.map((form) => requestToken(broker, party, form)));
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(200), count(400)], [1, 49]);
  assert.ok(answers.every((answer) => answer.status === 200 || answer.body.error === 'invalid_grant'));
});

test('a refresh token works again and again, with any key of its third party, and does not rotate', async () => {
  const issued = await issuedToken(broker, party, home);
  const otherKey = await testKey();
  for (const key of [undefined, otherKey, undefined]) {
    const answer = await requestToken(broker, party, await party.refreshForm(issued.refresh_token), key);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body.refresh_token, undefined);
    assert.deepEqual(answer.body.authorization_details, issued.authorization_details);
    const { payload } = await jwtVerify(answer.body.access_token, parts.signingKeys.current().publicKey, {
      currentDate: new Date(clock.nowMs()),
    });
    assert.deepEqual(payload.cnf, { jkt: await calculateJwkThumbprint((key ?? dpopKey).publicJwk) });
  }
  const race = await Promise.all(
    Array.from({ length: 20 }, async () =>
      requestToken(broker, party, await party.refreshForm(issued.refresh_token)),
    ),
  );
  assert.ok(race.every((answer) => answer.status === 200));
});

test('a refresh token of another third party, made up, or after the stop is refused', async () => {
  const issued = await issuedToken(broker, party, home);
  const other = await broker.thirdParty();
  const refused = async (answer: Promise<request.Response>) => {
    const { status, body } = await answer;
    assert.deepEqual([status, body.error], [400, 'invalid_grant']);
  };
  await refused(requestToken(broker, other, await other.refreshForm(issued.refresh_token)));
  await refused(requestToken(broker, party, await party.refreshForm('A'.repeat(43))));
  await stopConsent(parts, { consentId: consentOf(issued) as never, occupierId: home.occupierId });
  await refused(requestToken(broker, party, await party.refreshForm(issued.refresh_token)));
});

describe('between the look and the entry', () => {
  const issueAfter = async (
    issued: { refresh_token: string },
    who: typeof party,
    meanwhile: () => Promise<unknown>,
  ) => {
    const { ledger } = parts;
    const late: typeof ledger = {
      ...ledger,
      append: async (entry) => {
        await meanwhile();
        return ledger.append(entry);
      },
    };
    const parameters = await who.refreshForm(issued.refresh_token);
    const proofs = [await who.proof('POST', tokenUrl)];
    return issueToken({ ...parts, ledger: late }, { parameters, authorization: undefined, proofs, admit });
  };
  const admit = async () => {};
  const issuedSoFar = async () => (await entries()).filter((body) => body.kind === 'token.issued').length;

  test('a stop is seen by the guard, and no token is issued', async () => {
    const issued = await issuedToken(broker, party, home);
    const before = await issuedSoFar();
    const stop = () =>
      stopConsent(parts, { consentId: consentOf(issued) as never, occupierId: home.occupierId });
    await assert.rejects(issueAfter(issued, party, stop), { error: 'invalid_grant' });
    assert.equal(await issuedSoFar(), before);
  });

  test('so is a suspension', async () => {
    const other = await broker.thirdParty();
    const issued = await issuedToken(broker, other, home);
    const before = await issuedSoFar();
    const suspend = () =>
      suspendThirdParty({ ...parts, production: false }, other.thirdParty.clientId as never, 'inquiry');
    await assert.rejects(issueAfter(issued, other, suspend), { error: 'unauthorized_client' });
    assert.equal(await issuedSoFar(), before);
  });

  test('a ledger that fails gives no token, and the code can be used once it works again', async () => {
    const { code, pkce } = await grantedCode(broker, party, home);
    const down = () => Promise.reject(new StabledoorError('ledger_unavailable'));
    const proofs = [await party.proof('POST', tokenUrl)];
    const parameters = await party.codeForm(code, pkce);
    const broken = { ...parts, ledger: { ...parts.ledger, append: down } };
    await assert.rejects(issueToken(broken, { parameters, authorization: undefined, proofs, admit }), {
      code: 'ledger_unavailable',
    });
    const answer = await request(express().use(giveRequestId, oauthRoutes(broken)))
      .post('/oauth/token')
      .type('form')
      .set('DPoP', await party.proof('POST', tokenUrl))
      .send(await party.codeForm(code, pkce));
    assert.deepEqual([answer.status, answer.body.error], [503, 'temporarily_unavailable']);
    assert.ok(answer.headers['retry-after']);
    assert.equal((await requestToken(broker, party, await party.codeForm(code, pkce))).status, 200);
  });
});

test('no token outlives its consent', async () => {
  const day = 86_400_000;
  const until = new Date(clock.nowMs() + 2 * day).toISOString().slice(0, 10);
  const issued = await issuedToken(broker, party, home, { detail: { until } });
  const endMs = (
    await databases.app
      .selectFrom('consent.consent')
      .select('expires_at')
      .where('consent_id', '=', consentOf(issued))
      .executeTakeFirstOrThrow()
  ).expires_at?.getTime();
  assert.ok(endMs);
  await clock.move(endMs - 100_000);
  const nearEnd = await requestToken(broker, party, await party.refreshForm(issued.refresh_token));
  assert.ok(nearEnd.body.expires_in <= 100 && nearEnd.body.expires_in > 90, `${nearEnd.body.expires_in}`);
  await clock.move(endMs + 1000);
  const over = await requestToken(broker, party, await party.refreshForm(issued.refresh_token));
  assert.deepEqual([over.status, over.body.error], [400, 'invalid_grant']);
});

test('other grants, scopes, details and resources are refused with their own error', async () => {
  const issued = await issuedToken(broker, party, home);
  const cases: [Record<string, unknown>, string][] = [
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: 'implicit' }, 'unsupported_grant_type'],
    [{ grant_type: 'constructor' }, 'unsupported_grant_type'],
    [{ grant_type: undefined }, 'invalid_request'],
    [{ grant_type: 'authorization_code' }, 'invalid_request'],
    [{ refresh_token: undefined }, 'invalid_request'],
    [{ scope: 'openid' }, 'invalid_scope'],
    [{ authorization_details: '[]' }, 'invalid_authorization_details'],
    [{ authorization_details: 'x' }, 'invalid_authorization_details'],
    [{ resource: 'https://other.example' }, 'invalid_target'],
  ];
  for (const [changes, error] of cases) {
    const form = await party.refreshForm(issued.refresh_token, changes);
    const answer = await requestToken(broker, party, form);
    assert.deepEqual([answer.status, answer.body.error], [400, error], JSON.stringify(changes));
  }
});

test('a suspended third party gets no token, and gets them again once restored', async () => {
  const other = await broker.thirdParty();
  const issued = await issuedToken(broker, other, home);
  const registry = { ...parts, production: false };
  const clientId = other.thirdParty.clientId as never;
  await suspendThirdParty(registry, clientId, 'inquiry');
  const refused = await requestToken(broker, other, await other.refreshForm(issued.refresh_token));
  assert.deepEqual([refused.status, refused.body.error], [400, 'unauthorized_client']);
  await restoreThirdParty(registry, clientId);
  assert.equal(
    (await requestToken(broker, other, await other.refreshForm(issued.refresh_token))).status,
    200,
  );
});
