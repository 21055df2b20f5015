// Cases 7 to 24: who a client is, at PAR and at the token endpoint.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { nowSeconds } from '../../../src/lib/clock.ts';
import { newPkce, type RelyingParty, testKey } from '../../support/third-party.ts';
import { both, ours, section } from './conformance.ts';
import { type Answer, post, refused } from './steps.ts';
import type { Target } from './target.ts';

type Form = Record<string, unknown>;
type Change = (t: Target) => Promise<Form> | Form;

const endpoints = ['PAR', 'TOKEN'] as const;
type Endpoint = (typeof endpoints)[number];

async function send(
  t: Target,
  at: Endpoint,
  change: Form,
  headers: Record<string, string> = {},
  by: RelyingParty = t.first,
): Promise<Answer> {
  if (at === 'PAR') {
    const form = await by.pushForm({}, newPkce(), { ...t.asking(), ...change });
    return post(t.metadata.pushed_authorization_request_endpoint, form, headers);
  }
  const DPoP = await by.proof('POST', t.metadata.token_endpoint);
  return post(t.metadata.token_endpoint, await by.clientForm(t.ownScope, change), { DPoP, ...headers });
}
const isTaken = (at: Endpoint, { status, text }: Answer) =>
  assert.equal(status, at === 'PAR' ? 201 : 200, text);
const isRefused = (answer: Answer) => refused(answer, [400, 401], ['invalid_client', 'invalid_request']);
const assertion = (claims: Form, header: Form = {}): Change => {
  return async (t) => ({ client_assertion: await t.first.assertion(claims, header) });
};
const now = (t: Target) => nowSeconds(t.first.clock);
const unsigned = (header: object, claims: object) =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
const plainClaims = (t: Target) => {
  const { clientId } = t.first.thirdParty;
  const iat = now(t);
  return { iss: clientId, sub: clientId, aud: t.first.issuer, iat, exp: iat + 60, jti: randomUUID() };
};

const refusals: [string, Change][] = [
  [
    '7 none',
    ({ first }) => ({
      client_assertion: undefined,
      client_assertion_type: undefined,
      client_id: first.thirdParty.clientId,
    }),
  ],
  [
    '8 secret, in the form',
    ({ first }) => ({
      client_assertion: undefined,
      client_assertion_type: undefined,
      client_id: first.thirdParty.clientId,
      client_secret: 'secret',
    }),
  ],
  ['9 rs256', async (t) => ({ client_assertion: await t.first.assertion({}, {}, await testKey('RS256')) })],
  ['10 alg-none', (t) => ({ client_assertion: unsigned({ alg: 'none' }, plainClaims(t)) })],
  [
    "11 other client's key",
    async (t) => ({ client_assertion: await t.first.assertion({}, {}, t.second.thirdParty.signingKey) }),
  ],
  ['12 aud array', async (t) => await assertion({ aud: [t.first.issuer] })(t)],
  ['13 aud = token endpoint URL', async (t) => await assertion({ aud: t.metadata.token_endpoint })(t)],
  [
    '14 aud = PAR endpoint URL',
    async (t) => await assertion({ aud: t.metadata.pushed_authorization_request_endpoint })(t),
  ],
  ['15 wrong aud', assertion({ aud: 'https://other.example' })],
  [
    '16 exp 5 min past',
    async (t) => await assertion({ exp: now(t) - 300, iat: now(t) - 360, nbf: undefined })(t),
  ],
  ['16 exp missing', assertion({ exp: undefined })],
  ['17 sub missing', assertion({ sub: undefined })],
  ['17 sub is not iss', async (t) => await assertion({ sub: t.second.thirdParty.clientId })(t)],
  ['19 nbf over 60 seconds ahead', async (t) => await assertion({ nbf: now(t) + 120 })(t)],
  ['20 jti missing', assertion({ jti: undefined })],
  ['22 form client_id is not the assertion sub', ({ second }) => ({ client_id: second.thirdParty.clientId })],
];

section('client authentication', [
  ...refusals.flatMap(([title, change]) =>
    endpoints.map((at) =>
      both(`${title}, at ${at}`, async (t) => isRefused(await send(t, at, await change(t)))),
    ),
  ),
  ...endpoints.flatMap((at) => [
    both(`8 secret, in the header, at ${at}`, async (t) => {
      const basic = Buffer.from(`${t.first.thirdParty.clientId}:secret`).toString('base64');
      const nothing = { client_assertion: undefined, client_assertion_type: undefined };
      isRefused(await send(t, at, nothing, { authorization: `Basic ${basic}` }));
    }),
    ours(`19 iat over 60 seconds ahead, at ${at}`, async (t) => {
      isRefused(await send(t, at, await assertion({ iat: now(t) + 120, exp: now(t) + 180 })(t)));
    }),
    both(`18 iat and nbf +8 s, at ${at}`, async (t) => {
      isTaken(at, await send(t, at, await assertion({ iat: now(t) + 8, nbf: now(t) + 8 })(t)));
    }),
    both(`20 jti reused, at ${at}`, async (t) => {
      const form = await assertion({})(t);
      isTaken(at, await send(t, at, form));
      isRefused(await send(t, at, form));
    }),
    ours(`21 jti reused 20 times at once, at ${at}`, async (t) => {
      const form = await assertion({})(t);
      const all = await Promise.all(Array.from({ length: 20 }, () => send(t, at, form)));
      assert.equal(all.filter(({ status }) => status < 300).length, 1);
      assert.ok(all.every(({ status }) => status < 500));
    }),
    ours(`23 unknown client and bad signature are answered alike, at ${at}`, async (t) => {
      const stranger = `client_${'A'.repeat(22)}`;
      const unknown = await send(t, at, await assertion({ iss: stranger, sub: stranger })(t));
      const badly = await send(t, at, {
        client_assertion: `${await t.first.assertion()}`.slice(0, -4).concat('AAAA'),
      });
      assert.deepEqual([unknown.status, unknown.text], [badly.status, badly.text]);
      assert.equal(unknown.status, 401);
    }),
    both(`24 any parameter sent twice, at ${at}`, async (t) => {
      const form = new URLSearchParams(
        at === 'PAR'
          ? ((await t.first.pushForm({}, newPkce(), t.asking())) as Record<string, string>)
          : await t.first.clientForm(t.ownScope),
      );
      form.append(at === 'PAR' ? 'redirect_uri' : 'grant_type', at === 'PAR' ? 'https://evil.example' : 'x');
      const url = at === 'PAR' ? t.metadata.pushed_authorization_request_endpoint : t.metadata.token_endpoint;
      const DPoP = await t.first.proof('POST', url);
      refused(await post(url, form.toString(), { DPoP }), 400, 'invalid_request');
    }),
  ]),
]);
