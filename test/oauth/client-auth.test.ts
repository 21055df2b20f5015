import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import request from 'supertest';
import { nowSeconds } from '../../src/lib/clock.ts';
import { newId } from '../../src/lib/ids.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { newPkce, testKey } from '../support/third-party.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { app, clock } = broker;
const party = await broker.thirdParty();
const { clientId, signingKey } = party.thirdParty;

interface Attempt {
  readonly changes?: Record<string, unknown>;
  readonly header?: [string, string];
}

const push = async ({ changes = {}, header }: Attempt) => {
  const sent = request(app).post('/oauth/par').type('form');
  if (header) sent.set(...header);
  return sent.send(await party.pushForm(testDetail(clock), newPkce(), changes));
};
const atToken = async ({ changes = {}, header }: Attempt) => {
  const sent = request(app)
    .post('/oauth/token')
    .type('form')
    .set('DPoP', await party.proof('POST', `${testIssuer}/oauth/token`));
  if (header) sent.set(...header);
  return sent.send(await party.codeForm('x'.repeat(43), newPkce(), changes));
};

const withAssertion = async (...args: Parameters<typeof party.assertion>): Promise<Attempt> => ({
  changes: { client_assertion: await party.assertion(...args) },
});
const now = () => nowSeconds(clock);
const handMade = (alg: string, sign: (input: string) => string): Attempt => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: testIssuer,
    iat: now(),
    exp: now() + 60,
    jti: randomUUID(),
  };
  const input = `${part({ alg, kid: 'signing' })}.${part(claims)}`;
  return { changes: { client_assertion: `${input}.${sign(input)}` } };
};

const refused: Record<string, () => Promise<Attempt> | Attempt> = {
  'no assertion': () => ({ changes: { client_assertion: undefined, client_assertion_type: undefined } }),
  'another assertion type': () => ({ changes: { client_assertion_type: 'urn:other' } }),
  'a secret in the form': () => ({ changes: { client_secret: 'x' } }),
  'a secret in the header': () => ({ header: ['Authorization', 'Basic eDp4'] }),
  RS256: async () => withAssertion({}, {}, await testKey('RS256')),
  'alg none': () => handMade('none', () => ''),
  'HS256 with the public key as secret': () =>
    handMade('HS256', (input) =>
      createHmac('sha256', JSON.stringify(signingKey.publicJwk)).update(input).digest('base64url'),
    ),
  'a signature of zeros': () => handMade('ES256', () => Buffer.alloc(64).toString('base64url')),
  'the key of another third party': async () => withAssertion({}, {}, await testKey()),
  'a kid that is not registered': () => withAssertion({}, { kid: 'other' }),
  'an array as aud': () => withAssertion({ aud: [testIssuer] }),
  'the token endpoint as aud': () => withAssertion({ aud: `${testIssuer}/oauth/token` }),
  'the PAR endpoint as aud': () => withAssertion({ aud: `${testIssuer}/oauth/par` }),
  'the issuer with a slash as aud': () => withAssertion({ aud: `${testIssuer}/` }),
  'no aud': () => withAssertion({ aud: undefined }),
  'exp five minutes past': () => withAssertion({ exp: now() - 300 }),
  'no exp': () => withAssertion({ exp: undefined }),
  'exp too far ahead': () => withAssertion({ exp: now() + 3600 }),
  'no sub': () => withAssertion({ sub: undefined }),
  'sub that is not iss': () => withAssertion({ sub: newId('client') }),
  'iat more than a minute ahead': () => withAssertion({ iat: now() + 70 }),
  'nbf more than a minute ahead': () => withAssertion({ nbf: now() + 70 }),
  'no jti': () => withAssertion({ jti: undefined }),
  'a jti that is a number': () => withAssertion({ jti: 1 }),
  'a client_id that is not the sub': () => ({ changes: { client_id: newId('client') } }),
  'a third party that does not exist': async () => {
    const stranger = newId('client');
    const client_assertion = await party.assertion({ iss: stranger, sub: stranger });
    return { changes: { client_id: undefined, client_assertion } };
  },
  rubbish: () => ({ changes: { client_assertion: 'a.b.c' } }),
  'a very long assertion': () => ({ changes: { client_assertion: 'a'.repeat(9000) } }),
};

describe('at both endpoints the answer is one and the same 401 to', () => {
  for (const [name, attempt] of Object.entries(refused))
    test(name, async () => {
      for (const send of [push, atToken]) {
        const answer = await send(await attempt());
        assert.equal(answer.status, 401, JSON.stringify(answer.body));
        assert.equal(answer.body.error, 'invalid_client');
        assert.match(answer.body.error_description, /used once$/);
        assert.equal(answer.headers['cache-control'], 'no-store');
      }
    });
});

test('iat and nbf eight seconds ahead are accepted', async () => {
  assert.equal((await push(await withAssertion({ iat: now() + 8, nbf: now() + 8 }))).status, 201);
});

test('PS256 and EdDSA assertions are accepted, also without a kid when one key fits', async () => {
  for (const alg of ['PS256', 'EdDSA']) {
    const key = await testKey(alg);
    const other = await broker.thirdParty({ jwks: { keys: [{ ...key.publicJwk, kid: 'k', alg }] } });
    const client_assertion = await other.assertion({}, { kid: undefined }, key);
    const form = await other.pushForm(testDetail(clock), newPkce(), { client_assertion });
    const answer = await request(app).post('/oauth/par').type('form').send(form);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  }
});

test('an assertion is good for one use, at whichever endpoint', async () => {
  const attempt = await withAssertion();
  assert.equal((await push(attempt)).status, 201);
  assert.equal((await push(attempt)).status, 401);
  assert.equal((await atToken(attempt)).status, 401);
});

test('an assertion counts as used even when the proof beside it was refused', async () => {
  const attempt = await withAssertion();
  const broken = await push({ ...attempt, header: ['DPoP', 'rubbish'] });
  assert.equal(broken.body.error, 'invalid_dpop_proof');
  assert.equal((await push(attempt)).status, 401);
});

test('of 20 uses of one assertion at once exactly one is accepted', async () => {
  const attempt = await withAssertion();
  const answers = await Promise.all(Array.from({ length: 20 }, () => push(attempt)));
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(201), count(401)], [1, 19]);
});

test('a parameter that is sent twice is an invalid request, not an invalid client', async () => {
  const form = new URLSearchParams(await party.pushForm(testDetail(clock), newPkce()));
  form.append('state', 'again');
  const answer = await request(app).post('/oauth/par').type('form').send(form.toString());
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.body, {
    error: 'invalid_request',
    error_description: 'the parameter state is sent twice',
  });
});
