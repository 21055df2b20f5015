// The DPoP matrix (RFC 9449 section 4.3) at the data API's check, and where it applies at the token endpoint.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { exportJWK, SignJWT } from 'jose';
import request from 'supertest';
import { nowSeconds } from '../../src/lib/clock.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { newId } from '../../src/lib/ids.ts';
import { newTokenTimes, signAccessToken } from '../../src/oauth/access-token.ts';
import { type AccessRequest, accessVerifier } from '../../src/oauth/verify-access.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { newPkce, sha256Base64url, testKey } from '../support/third-party.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { app, clock, parts } = broker;
const party = await broker.thirdParty();
const otherKey = await testKey();
const verifyAccess = accessVerifier(parts);
const path = '/v1/meter-points/mp_x/readings';
const url = testIssuer + path;
const now = () => nowSeconds(clock);

const { calculateJwkThumbprint } = await import('jose');
const content = {
  kind: 'consent' as const,
  clientId: party.thirdParty.clientId as never,
  consentId: newId('consent'),
  grantId: newId('grant'),
  jkt: await calculateJwkThumbprint(party.thirdParty.dpopKey.publicJwk),
  scope: null,
  detail: {
    ...testDetail(clock, { registers: ['import'], note: undefined }),
    consent_id: newId('consent'),
    meter_points: [newId('mp')],
  } as never,
};
const times = newTokenTimes(clock, now() + 10_000);
const token = await signAccessToken(parts, parts.signingKeys.current(), content, times);
const ath = sha256Base64url(token);

type ProofArgs = Parameters<typeof party.proof> extends [string, string, ...infer Rest] ? Rest : never;
const proof = (...[claims, header, key]: ProofArgs) =>
  party.proof('GET', url, { ath, ...claims }, header, key);
const access = (changes: Partial<AccessRequest>): Promise<unknown> =>
  verifyAccess({ method: 'GET', path, authorization: `DPoP ${token}`, dpop: undefined, ...changes });

async function refusal(changes: Partial<AccessRequest>): Promise<StabledoorError> {
  const error = await access(changes).then(
    () => assert.fail('it was let in'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StabledoorError, String(error));
  assert.equal(error.status, 401);
  assert.match(error.headers['WWW-Authenticate'] ?? '', /^DPoP .*algs="ES256 PS256 EdDSA Ed25519"/);
  return error;
}

const accepted: Record<string, () => Promise<string>> = {
  'a plain proof': () => proof(),
  'htu with query and fragment': () => proof({ htu: `${url}?from=2026-01-01#x` }),
  'htu with host in capitals': () => proof({ htu: url.replace('broker', 'BROKER') }),
  'htu with the default port': () => proof({ htu: url.replace('.example', '.example:443') }),
  'iat ten seconds ago': () => proof({ iat: now() - 10 }),
  'iat in ten seconds': () => proof({ iat: now() + 10 }),
  'nbf and exp': () => proof({ nbf: now() - 1, exp: now() + 30 }),
  'unknown claims and headers': () => proof({ extra: { a: 1 } }, { extra: 'x', jku: 'https://evil.example' }),
};

describe('the data API accepts', () => {
  for (const [name, made] of Object.entries(accepted))
    test(name, async () => {
      const text = await made();
      const claims = (await access({ dpop: [text] })) as Record<string, unknown>;
      assert.equal(claims.clientId, content.clientId);
      assert.equal(claims.consentId, content.consentId);
      assert.equal(claims.grantId, content.grantId);
      assert.equal(claims.jti, times.jti);
      assert.equal(claims.jkt, content.jkt);
      assert.equal(claims.proof, text);
      assert.equal(claims.proofJtiHash, sha256Base64url(String(claims.proofJti)));
      assert.ok(Number(claims.proofExpiresS) >= now() + 60);
    });
});

const raw = (header: object, claims: object) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${Buffer.alloc(64).toString('base64url')}`;
};
const { dpopKey } = party.thirdParty;

/** What both endpoints refuse; `target` is the method and address that the proof should name. */
const malformed: Record<string, (method: string, address: string) => Promise<string> | string> = {
  'not a JWT': () => 'rubbish',
  'an empty header': () => '',
  'typ missing': (m, u) => party.proof(m, u, { ath }, { typ: undefined }),
  'typ JWT': (m, u) => party.proof(m, u, { ath }, { typ: 'JWT' }),
  'alg missing': (m, u) =>
    raw({ typ: 'dpop+jwt', jwk: dpopKey.publicJwk }, { htm: m, htu: u, ath, iat: now(), jti: 'a' }),
  'alg none': (m, u) =>
    raw(
      { typ: 'dpop+jwt', alg: 'none', jwk: dpopKey.publicJwk },
      { htm: m, htu: u, ath, iat: now(), jti: 'a' },
    ),
  'alg HS256': (m, u) =>
    raw(
      { typ: 'dpop+jwt', alg: 'HS256', jwk: dpopKey.publicJwk },
      { htm: m, htu: u, ath, iat: now(), jti: 'a' },
    ),
  'alg RS256': async (m, u) => party.proof(m, u, { ath }, {}, await testKey('RS256')),
  'jwk missing': (m, u) => party.proof(m, u, { ath }, { jwk: undefined }),
  'jwk private': async (m, u) => party.proof(m, u, { ath }, { jwk: await exportJWK(dpopKey.privateKey) }),
  'jwk of another type than alg': async (m, u) =>
    party.proof(m, u, { ath }, { jwk: (await testKey('PS256')).publicJwk }),
  'jwk that is not an object': (m, u) => party.proof(m, u, { ath }, { jwk: 'x' }),
  'jti missing': (m, u) => party.proof(m, u, { ath, jti: undefined }),
  'jti a number': (m, u) => party.proof(m, u, { ath, jti: 7 }),
  'jti of 300 characters': (m, u) => party.proof(m, u, { ath, jti: 'x'.repeat(300) }),
  'htm missing': (m, u) => party.proof(m, u, { ath, htm: undefined }),
  'htm wrong': (_m, u) => party.proof('PATCH', u, { ath }),
  'htm in small letters': (m, u) => party.proof(m.toLowerCase(), u, { ath }),
  'htu missing': (m, u) => party.proof(m, u, { ath, htu: undefined }),
  'htu of another path': (m, u) => party.proof(m, `${u}/x`, { ath }),
  'htu of another host': (m, u) => party.proof(m, u.replace('broker', 'other'), { ath }),
  'htu over http': (m, u) => party.proof(m, u.replace('https', 'http'), { ath }),
  'iat missing': (m, u) => party.proof(m, u, { ath, iat: undefined }),
  'iat text': (m, u) => party.proof(m, u, { ath, iat: String(now()) }),
  'iat an hour ago': (m, u) => party.proof(m, u, { ath, iat: now() - 3600 }),
  'iat in an hour': (m, u) => party.proof(m, u, { ath, iat: now() + 3600 }),
  'iat 62 seconds ago': (m, u) => party.proof(m, u, { ath, iat: now() - 62 }),
  'exp past': (m, u) => party.proof(m, u, { ath, exp: now() - 2 }),
  'nbf in an hour': (m, u) => party.proof(m, u, { ath, nbf: now() + 3600 }),
  'a signature by another key': async (m, u) => {
    const made = await party.proof(m, u, { ath });
    const other = await party.proof(m, u, { ath }, {}, otherKey);
    return [...made.split('.').slice(0, 2), other.split('.')[2]].join('.');
  },
  'nine thousand characters': (m, u) => party.proof(m, u, { ath, pad: 'x'.repeat(9000) }),
};

describe('as a DPoP proof both endpoints refuse', () => {
  const tokenUrl = `${testIssuer}/oauth/token`;
  for (const [name, made] of Object.entries(malformed))
    test(name, async () => {
      const error = await refusal({ dpop: [await made('GET', url)] });
      assert.equal(error.code, 'invalid_dpop_proof', error.message);
      assert.match(error.headers['WWW-Authenticate'] ?? '', /error="invalid_dpop_proof"/);
      const atToken = await request(app)
        .post('/oauth/token')
        .type('form')
        .set('DPoP', await made('POST', tokenUrl))
        .send(await party.codeForm('x'.repeat(43), newPkce()));
      assert.deepEqual([atToken.status, atToken.body.error], [400, 'invalid_dpop_proof']);
    });
});

test('the token endpoint refuses no proof, two proofs, and one proof twice', async () => {
  const send = async (...proofs: string[]) => {
    const sent = request(app).post('/oauth/token').type('form');
    if (proofs.length > 0) sent.set('DPoP', proofs as never);
    return sent.send(await party.codeForm('x'.repeat(43), newPkce()));
  };
  const make = () => party.proof('POST', `${testIssuer}/oauth/token`);
  for (const proofs of [[], [await make(), await make()]])
    assert.equal((await send(...proofs)).body.error, 'invalid_dpop_proof');
  const once = await make();
  assert.equal((await send(once)).body.error, 'invalid_grant');
  assert.equal((await send(once)).body.error, 'invalid_dpop_proof');
});

test('no proof, two proofs, and ath missing or wrong are refused at the data API', async () => {
  const one = await proof();
  for (const dpop of [
    undefined,
    [],
    [one, one],
    [await proof({ ath: undefined })],
    [await proof({ ath: 'x' })],
  ])
    assert.equal((await refusal({ dpop })).code, 'invalid_dpop_proof');
});

test('another key than the one the token is bound to is refused', async () => {
  assert.equal((await refusal({ dpop: [await proof({}, {}, otherKey)] })).code, 'invalid_token');
});

test('without a token the challenge names no error, and says where the metadata is', async () => {
  const error = await refusal({ authorization: undefined });
  const challenge = error.headers['WWW-Authenticate'] ?? '';
  assert.ok(!challenge.includes('error='));
  assert.ok(challenge.includes(`resource_metadata="${testIssuer}/.well-known/oauth-protected-resource"`));
});

test('the scheme is DPoP in any letters, and never Bearer', async () => {
  for (const scheme of ['dpop', 'DPOP', 'DPoP'])
    await access({ authorization: `${scheme} ${token}`, dpop: [await proof()] });
  for (const authorization of [`Bearer ${token}`, token, 'DPoP', 'DPoP ', `DPoP ${token} x`, ''])
    assert.equal((await refusal({ authorization, dpop: [await proof()] })).code, 'invalid_token');
});

const key = () => parts.signingKeys.current();
const forged = (claims: object, header: object = {}, privateKey = key().privateKey) =>
  new SignJWT({
    iss: testIssuer,
    aud: testIssuer,
    sub: content.consentId,
    client_id: content.clientId,
    grant_id: content.grantId,
    authorization_details: [content.detail],
    cnf: { jkt: content.jkt },
    jti: 'a',
    iat: now(),
    exp: now() + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key().kid, ...header })
    .sign(privateKey);

test('an access token that is expired, foreign, of another type or not signed by us is refused', async () => {
  const present = async (made: string) =>
    access({ authorization: `DPoP ${made}`, dpop: [await proof({ ath: sha256Base64url(made) })] });
  await present(await forged({}));
  const wrong = [
    await forged({ exp: now() }),
    await forged({ iss: 'https://other.example' }),
    await forged({ aud: 'https://other.example' }),
    await forged({ aud: [testIssuer] }),
    await forged({ sub: 'someone' }),
    await forged({ cnf: undefined }),
    await forged({ authorization_details: undefined }),
    await forged({ authorization_details: undefined, scope: 'consents:read' }),
    await forged({ sub: content.clientId, scope: 'all', authorization_details: undefined }),
    await forged({}, { typ: 'JWT' }),
    await forged({}, { kid: 'other' }),
    await forged({}, { kid: undefined }),
    await forged({}, {}, otherKey.privateKey),
    `${(await forged({})).slice(0, -4)}AAAA`,
    'x'.repeat(9000),
  ];
  for (const [i, made] of wrong.entries())
    await assert.rejects(present(made), { code: 'invalid_token' }, `case ${i}`);
});

test('a cached token stops at its expiry, and never outlives its consent', async () => {
  const short = await signAccessToken(
    parts,
    parts.signingKeys.current(),
    content,
    newTokenTimes(clock, now() + 30),
  );
  const present = async () =>
    access({ authorization: `DPoP ${short}`, dpop: [await proof({ ath: sha256Base64url(short) })] });
  await present();
  await clock.move(clock.nowMs() + 31_000);
  await assert.rejects(present(), { code: 'invalid_token' });
  assert.equal(newTokenTimes(clock, now() + 10_000).expiresS, now() + 300);
});
