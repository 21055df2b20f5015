// Cases 80 to 103: DPoP proofs, each at the resource, and those that apply at the token endpoint too.
import assert from 'node:assert/strict';
import { exportJWK } from 'jose';
import { nowSeconds } from '../../../src/lib/clock.ts';
import { testKey } from '../../support/third-party.ts';
import { both, ours, section } from './conformance.ts';
import { openStabledoor, type StabledoorTarget } from './stabledoor.ts';
import {
  call,
  challenged,
  getRaw,
  issue,
  ownToken,
  proofFor,
  push,
  type ReadOptions,
  refused,
} from './steps.ts';
import type { Target } from './target.ts';

type Bend = (t: Target) => Promise<ReadOptions> | ReadOptions;
type Runner = typeof both;
const now = (t: Target) => nowSeconds(t.first.clock);

/** One token a target is enough for most: it lives five minutes and nobody moves the clock here. */
const tokens = new WeakMap<Target, Promise<string>>();
function tokenOf(t: Target): Promise<string> {
  const known = tokens.get(t) ?? issue(t).then((body) => body.access_token as string);
  tokens.set(t, known);
  return known;
}
/** The same bent proof, made for the token endpoint. */
async function tokenProof(t: Target, { claims = {}, header = {}, key, proof }: ReadOptions): Promise<string> {
  return proof ?? t.first.proof('POST', t.metadata.token_endpoint, claims, header, key);
}
const atResource = (run: Runner | typeof ours, title: string, bend: Bend) =>
  run(title, async (t) =>
    challenged(await call(t, await tokenOf(t), await bend(t)), ['invalid_dpop_proof', 'invalid_token']),
  );
const everywhere = (title: string, bend: Bend, run: Runner = both) => [
  atResource(run, `${title}, at RS`, bend),
  run(`${title}, at TOKEN`, async (t) =>
    refused(await ownToken(t, { proof: await tokenProof(t, await bend(t)) }), 400, [
      'invalid_dpop_proof',
      'invalid_request',
    ]),
  ),
];
const accepted = (title: string, bend: Bend, run: Runner = both) =>
  run(title, async (t) => {
    const answer = await call(t, await tokenOf(t), await bend(t));
    assert.equal(answer.status, 200, answer.text + answer.headers.get('www-authenticate'));
  });
const raw = (header: object, claims: object) =>
  [header, claims, {}].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
const unsigned = (alg: string | undefined) => (t: Target) => {
  const header = { typ: 'dpop+jwt', ...(alg ? { alg } : {}), jwk: t.first.thirdParty.dpopKey.publicJwk };
  return { proof: raw(header, { htm: 'GET', htu: t.resource, iat: now(t), jti: 'x' }) };
};

section('DPoP', [
  both('80 two DPoP headers', async (t) => {
    const token = await tokenOf(t);
    const DPoP = [await proofFor(t, token), await proofFor(t, token)];
    challenged(await getRaw(t.resource, { authorization: `DPoP ${token}`, DPoP }), [
      'invalid_dpop_proof',
      'invalid_token',
    ]);
  }),
  ...everywhere('81 not a JWT', () => ({ proof: 'rubbish' })),
  ...everywhere('82 typ missing', () => ({ header: { typ: undefined } })),
  ...everywhere('82 typ wrong', () => ({ header: { typ: 'JWT' } })),
  ...everywhere('83 alg missing', unsigned(undefined)),
  ...everywhere('83 alg none', unsigned('none')),
  ...everywhere('83 alg HS256', unsigned('HS256')),
  ...everywhere('83 alg RS256', async () => ({ key: await testKey('RS256') })),
  ...everywhere('84 jwk missing', () => ({ header: { jwk: undefined } })),
  ...everywhere('85 jwk private', async (t) => ({
    header: { jwk: await exportJWK(t.first.thirdParty.dpopKey.privateKey) },
  })),
  ...everywhere('86 jti missing', () => ({ claims: { jti: undefined } })),
  ...everywhere('87 htm missing', () => ({ claims: { htm: undefined } })),
  ...everywhere('87 htm wrong', () => ({ claims: { htm: 'PATCH' } })),
  ...everywhere('88 htu missing', () => ({ claims: { htu: undefined } })),
  ...everywhere('88 htu of another URL', () => ({ claims: { htu: 'https://other.example/' } })),
  accepted('89 htu with query and fragment', (t) => ({ claims: { htu: `${t.resource}?a=1#b` } })),
  accepted('90 htu upper-case host', (t) => ({
    claims: { htu: t.resource.replace('localhost', 'LOCALHOST') },
  })),
  ...everywhere('91 iat missing', () => ({ claims: { iat: undefined } })),
  accepted('92 iat 10 s ago', (t) => ({ claims: { iat: now(t) - 10 } })),
  accepted('92 iat in 10 s', (t) => ({ claims: { iat: now(t) + 10 } })),
  both('92 iat 10 s off, at TOKEN', async (t) => {
    for (const off of [-10, 10]) {
      const proof = await tokenProof(t, { claims: { iat: now(t) + off } });
      assert.equal((await ownToken(t, { proof })).status, 200);
    }
  }),
  ...everywhere('93 iat an hour ago', (t) => ({ claims: { iat: now(t) - 3600 } })),
  ...everywhere('93 iat in an hour', (t) => ({ claims: { iat: now(t) + 3600 } })),
  accepted('94 proof carrying nbf and exp', (t) => ({ claims: { nbf: now(t) - 5, exp: now(t) + 60 } })),
  ...everywhere('94 exp past', (t) => ({ claims: { exp: now(t) - 120 } })),
  both('95 jti reuse', async (t) => {
    const token = await tokenOf(t);
    const proof = await proofFor(t, token);
    assert.equal((await call(t, token, { proof })).status, 200);
    challenged(await call(t, token, { proof }), ['invalid_dpop_proof', 'invalid_token']);
  }),
  both('95 jti reuse, at TOKEN', async (t) => {
    const proof = await tokenProof(t, {});
    assert.equal((await ownToken(t, { proof })).status, 200);
    refused(await ownToken(t, { proof }), 400, ['invalid_dpop_proof', 'invalid_grant']);
  }),
  atResource(both, '96 ath missing', () => ({ claims: { ath: undefined } })),
  atResource(both, '96 ath wrong', () => ({ claims: { ath: 'x'.repeat(43) } })),
  atResource(both, '97 other key than cnf.jkt', async () => ({ key: await testKey() })),
  ...everywhere('98 bad signature', async () => ({ header: { jwk: (await testKey()).publicJwk } })),
  accepted('99 unknown header and claims', () => ({
    claims: { extra: { a: 1 } },
    header: { extra: 'x', jku: 'https://evil.example/keys' },
  })),
  // The peer answers 400 to these two; RFC 9449 section 7.1 has 401.
  atResource(ours, '100 no DPoP header', () => ({ proof: null })),
  ours('101 Bearer scheme with a bound token', async (t) => {
    assert.equal((await call(t, await tokenOf(t), { scheme: 'Bearer' })).status, 401);
  }),
  accepted('102 scheme dpop in small letters', () => ({ scheme: 'dpop' })),
  ours('103 nonce mode', async () => {
    const t = await openStabledoor({ STABLEDOOR_DPOP_NONCE: 'on' });
    try {
      await nonceMode(t);
    } finally {
      await t.close();
    }
  }),
]);

async function nonceMode(t: StabledoorTarget): Promise<void> {
  const refusedAt = await ownToken(t);
  refused(refusedAt, 400, 'use_dpop_nonce');
  const nonce = refusedAt.headers.get('dpop-nonce');
  const proof = () => t.first.proof('POST', t.metadata.token_endpoint, { nonce });
  assert.equal((await ownToken(t, { proof: await proof() })).status, 200);
  const par = t.metadata.pushed_authorization_request_endpoint;
  refused(await push(t, { headers: { DPoP: await t.first.proof('POST', par) } }), 400, 'use_dpop_nonce');
  const { body } = await ownToken(t, { proof: await proof() });
  const url = `${t.metadata.issuer}/v1/consents`;
  const without = await call(t, body.access_token, { url });
  challenged(without, 'use_dpop_nonce');
  assert.ok(without.headers.get('dpop-nonce'));
  const claims = { nonce: without.headers.get('dpop-nonce') };
  assert.equal((await call(t, body.access_token, { url, claims })).status, 200);
  await t.advance(240);
  refused(await ownToken(t, { proof: await proof() }), 400, 'use_dpop_nonce');
}
