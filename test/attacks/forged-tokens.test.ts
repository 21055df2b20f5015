// Somebody without the key makes access tokens, client assertions and proofs, or passes one kind of JWT for another.
// Each is refused where it would count, and no address that a header names is ever called.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose';
import request from 'supertest';
import { nowSeconds } from '../../src/lib/clock.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { newId } from '../../src/lib/ids.ts';
import { newTokenTimes, signAccessToken } from '../../src/oauth/access-token.ts';
import { signIntrospection } from '../../src/oauth/introspect.ts';
import { securityEventSigner } from '../../src/oauth/sign-security-event.ts';
import { accessVerifier } from '../../src/oauth/verify-access.ts';
import { canary } from '../support/canary.ts';
import { forgeries, jwtParts, misheaded, signRaw } from '../support/forged-jwt.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { newPkce, sha256Base64url, testKey } from '../support/third-party.ts';

const broker = await oauthBroker();
const trap = await canary();
after(async () => {
  await broker.close();
  await trap.close();
});
const { parts, clock, app } = broker;
const party = await broker.thirdParty();
const { signingKey, dpopKey, clientId } = party.thirdParty;
const own = await testKey();
const jktOf = (key: { publicJwk: JWK }) => calculateJwkThumbprint(key.publicJwk);
const path = '/v1/meter-points/mp_x/readings';

const tokenFor = async (jkt: string) =>
  signAccessToken(
    parts,
    parts.signingKeys.current(),
    {
      kind: 'consent',
      clientId: clientId as never,
      consentId: newId('consent'),
      grantId: newId('grant'),
      jkt,
      scope: null,
      detail: {
        ...testDetail(clock, { registers: ['import'], note: undefined }),
        consent_id: newId('consent'),
        meter_points: [newId('mp')],
      } as never,
    },
    newTokenTimes(clock),
  );
const publicKeyOf = async (jwk: JWK) => (await importJWK(jwk, 'ES256')) as CryptoKey;
const signer = parts.signingKeys.current();

/** The forger holds the key that the forged token is bound to, so that nothing but the token itself can refuse it. */
async function read(token: string, key = own): Promise<unknown> {
  const verify = accessVerifier(parts);
  const dpop = await party.proof('GET', testIssuer + path, { ath: sha256Base64url(token) }, {}, key);
  return await verify({ method: 'GET', path, authorization: `DPoP ${token}`, dpop: [dpop] }).catch(
    (error: unknown) => error,
  );
}
const isRefused = (answer: unknown, code: string): void => {
  assert.ok(answer instanceof StabledoorError, `it was let in, or broke: ${JSON.stringify(answer)}`);
  assert.deepEqual([answer.status, answer.code], [401, code]);
};

describe('no access token is one that was made by', () => {
  test('anything that forgers do to a good one', async () => {
    const good = await tokenFor(await jktOf(own));
    assert.ok('consentId' in ((await read(good)) as object), 'the good one is let in');
    const known = { publicJwk: signer.publicJwk, publicKey: signer.publicKey };
    for (const [name, forged] of Object.entries(await forgeries({ good, known, own, keysAt: trap.url })))
      await test(name, async () => isRefused(await read(forged), 'invalid_token'));
    for (const [name, forged] of Object.entries(await misheaded(good, signer.privateKey)))
      await test(name, async () => isRefused(await read(forged), 'invalid_token'));
  });

  test('another kind of JWT that the broker itself signed', async () => {
    const good = await tokenFor(await jktOf(own));
    const [, claims] = jwtParts(good);
    const sign = securityEventSigner(parts.signingKeys);
    const introspection = { active: false } as const;
    const others: Record<string, string> = {
      'a withdrawal notice': await sign(claims as never),
      'a signed introspection': await signIntrospection(parts, {
        clientId: clientId as never,
        introspection,
      }),
    };
    for (const typ of ['JWT', 'at+jws', 'application/jwt', 'dpop+jwt', 'secevent+jwt', undefined])
      others[`typ ${typ}`] = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: signer.kid, ...(typ === undefined ? {} : { typ }) })
        .sign(signer.privateKey);
    for (const [name, other] of Object.entries(others))
      await test(name, async () => isRefused(await read(other), 'invalid_token'));
  });

  test('the third party’s own key, as an assertion or a proof', async () => {
    const assertion = await party.assertion({}, { typ: 'at+jwt' });
    isRefused(await read(assertion), 'invalid_token');
    isRefused(await read(await party.proof('GET', testIssuer + path)), 'invalid_token');
  });

  test('the broker, for another issuer or another resource', async () => {
    const good = await tokenFor(await jktOf(own));
    const [header, claims] = jwtParts(good);
    for (const changes of [
      { iss: 'https://broker.example.evil.example' },
      { iss: `${testIssuer}/` },
      { iss: undefined },
      { aud: `${testIssuer}/` },
      { aud: [testIssuer] },
      { aud: undefined },
      { exp: undefined },
      { exp: 'never' },
      { exp: nowSeconds(clock) - 1 },
      { nbf: nowSeconds(clock) + 60 },
      { cnf: undefined },
      { cnf: { 'x5t#S256': 'x' } },
      { authorization_details: [] },
      { client_id: undefined },
      { sub: 'household_x' },
    ])
      isRefused(
        await read(await signRaw(header, { ...claims, ...changes }, signer.privateKey)),
        'invalid_token',
      );
  });
});

describe('no client assertion is one that was made by', () => {
  const push = async (assertion: string) =>
    request(app)
      .post('/oauth/par')
      .type('form')
      .send(await party.pushForm(testDetail(clock), newPkce(), { client_assertion: assertion }));

  test('anything that forgers do to a good one', async () => {
    const known = { publicJwk: signingKey.publicJwk, publicKey: await publicKeyOf(signingKey.publicJwk) };
    const good = await party.assertion();
    const forged = await forgeries({ good, known, own, keysAt: trap.url });
    for (const [name, made] of Object.entries({
      ...forged,
      ...(await misheaded(good, signingKey.privateKey)),
    }))
      await test(name, async () => {
        const answer = await push(made);
        assert.deepEqual(
          [answer.status, answer.body.error],
          [401, 'invalid_client'],
          JSON.stringify(answer.body),
        );
      });
    assert.equal((await push(good)).status, 201, 'the good one was not used up by any of them');
  });

  test('the broker itself, or by the same key for another purpose', async () => {
    const token = await tokenFor(await jktOf(own));
    const proof = await party.proof('POST', `${testIssuer}/oauth/par`, {}, {}, signingKey);
    const [, claims] = jwtParts(await party.assertion());
    const byBroker = await signRaw({ alg: 'ES256', kid: signer.kid }, claims, signer.privateKey);
    for (const made of [token, proof, byBroker]) assert.equal((await push(made)).status, 401);
  });
});

describe('no DPoP proof is one that was made by', () => {
  test('anything that forgers do to a good one', async () => {
    const token = await tokenFor(await jktOf(dpopKey));
    const verify = accessVerifier(parts);
    const sent = (dpop: string) =>
      verify({ method: 'GET', path, authorization: `DPoP ${token}`, dpop: [dpop] }).catch(
        (error: unknown) => error,
      );
    const good = await party.proof('GET', testIssuer + path, { ath: sha256Base64url(token) });
    const known = { publicJwk: dpopKey.publicJwk, publicKey: await publicKeyOf(dpopKey.publicJwk) };
    const forged = await forgeries({ good, known, own, keysAt: trap.url });
    for (const [name, made] of Object.entries({ ...forged, ...(await misheaded(good, dpopKey.privateKey)) }))
      await test(name, async () => {
        // With a key of its own in the header a proof is a good one, of another key than the token's.
        const otherKey = name.startsWith('a key of its own');
        isRefused(await sent(made), otherKey ? 'invalid_token' : 'invalid_dpop_proof');
      });
    assert.ok('consentId' in ((await sent(good)) as object), 'the good one is let in');
  });
});

test('no address that a header named was called', () => assert.deepEqual(trap.calls, []));
