// DPoP nonces (RFC 9449 section 8): wanted at every place where a proof is, made without storage, the same in every process.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import express from 'express';
import request from 'supertest';
import { giveRequestId } from '../../src/http/request-id.ts';
import { type DpopNonces, dpopNonces, nonceStepSeconds } from '../../src/oauth/dpop-nonce.ts';
import { openNonceSecret } from '../../src/oauth/nonce-secret.ts';
import { oauthRoutes } from '../../src/oauth/routes.ts';
import { accessVerifier } from '../../src/oauth/verify-access.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { issuedToken } from '../support/oauth-flow.ts';
import { newPkce, sha256Base64url } from '../support/third-party.ts';

const broker = await oauthBroker();
const party = await broker.thirdParty();
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-nonce-'));
after(async () => {
  await broker.close();
  await rm(folder, { recursive: true });
});

test('a nonce is good for its own step and two more, for a neighbour a little behind too, and not for ever', () => {
  let nowMs = 1_800_000_000_000;
  const at = (ms: number) => ({ nowMs: () => ms });
  const secret = Buffer.alloc(32, 1);
  const nonces = dpopNonces(secret, { nowMs: () => nowMs });
  const nonce = nonces.current();
  const step = nonceStepSeconds * 1000;
  for (const [later, good] of [
    [0, true],
    [2 * step, true],
    [3 * step, false],
  ] as const) {
    nowMs = 1_800_000_000_000 + later;
    assert.equal(nonces.accepts(nonce), good, `${later} ms later`);
  }
  assert.equal(dpopNonces(secret, at(1_800_000_000_000 - step)).accepts(nonce), true);
  assert.equal(dpopNonces(secret, at(1_800_000_000_000 - 2 * step)).accepts(nonce), false);
  assert.equal(dpopNonces(Buffer.alloc(32, 2), at(1_800_000_000_000)).accepts(nonce), false);
  for (const wrong of [undefined, 7, '', `${nonce}=`, nonce.slice(1), ['x']])
    assert.equal(nonces.accepts(wrong), false);
});

test('the secret is made once, for its owner alone, and never in production', async () => {
  const keys = join(folder, 'keys');
  await assert.rejects(openNonceSecret(keys, { makeMissing: false }), /stabledoor init/);
  const all = await Promise.all(
    Array.from({ length: 5 }, () => openNonceSecret(keys, { makeMissing: true })),
  );
  assert.equal(new Set(all.map((secret) => Buffer.from(secret).toString('hex'))).size, 1);
  const path = join(keys, 'dpop-nonce.key');
  assert.equal((await stat(path)).mode & 0o077, 0);
  const secret = (await readFile(path, 'utf8')).trim();
  await writeFile(path, `${secret}x`);
  await assert.rejects(openNonceSecret(keys, { makeMissing: true }), (error: Error) => {
    return /not a secret of ours/.test(error.message) && !error.message.includes(secret);
  });
});

const nonces: DpopNonces = dpopNonces(Buffer.alloc(32, 3), broker.clock);
const parts = { ...broker.parts, dpopNonces: nonces };
const app = express().use(giveRequestId, oauthRoutes(parts));
const refused = (answer: request.Response) => {
  assert.deepEqual([answer.status, answer.body.error], [400, 'use_dpop_nonce'], JSON.stringify(answer.body));
  assert.equal(answer.headers['dpop-nonce'], nonces.current());
};

test('the token endpoint wants a nonce, says which, and then takes it; a stale one is answered with a fresh one', async () => {
  const stale = nonces.current();
  const send = async (nonce?: string) => {
    const proof = await party.proof('POST', `${testIssuer}/oauth/token`, { nonce });
    const form = await party.clientForm('consents:read');
    return request(app).post('/oauth/token').type('form').set('DPoP', proof).send(form);
  };
  refused(await send());
  refused(await send('made up'));
  const taken = await send(nonces.current());
  assert.equal(taken.status, 200);
  assert.equal(taken.headers['dpop-nonce'], nonces.current(), 'the next one comes along');
  await broker.clock.move(broker.clock.nowMs() + 3 * nonceStepSeconds * 1000);
  refused(await send(stale));
});

test('PAR wants a nonce in a proof, and no proof needs one', async () => {
  const push = async (proof: string | null) => {
    const form = await party.pushForm(testDetail(broker.clock), newPkce());
    const post = request(app).post('/oauth/par').type('form');
    return (proof === null ? post : post.set('DPoP', proof)).send(form);
  };
  const url = `${testIssuer}/oauth/par`;
  refused(await push(await party.proof('POST', url)));
  assert.equal((await push(await party.proof('POST', url, { nonce: nonces.current() }))).status, 201);
  assert.equal((await push(null)).status, 201);
});

test('so does the data API, in its challenge', async () => {
  const issued = await issuedToken(broker, party, await testHousehold(broker.parts));
  const verifyAccess = accessVerifier(parts);
  const present = async (nonce?: string) => {
    const claims = { ath: sha256Base64url(issued.access_token), nonce };
    const proof = await party.proof('GET', `${testIssuer}/v1/consents`, claims);
    const authorization = `DPoP ${issued.access_token}`;
    return verifyAccess({ method: 'GET', path: '/v1/consents', authorization, dpop: [proof] });
  };
  await assert.rejects(present(), (error: { code?: string; headers?: Record<string, string> }) => {
    assert.equal(error.code, 'use_dpop_nonce');
    assert.equal(error.headers?.['DPoP-Nonce'], nonces.current());
    assert.match(error.headers?.['WWW-Authenticate'] ?? '', /^DPoP error="use_dpop_nonce", algs=/);
    return true;
  });
  await present(nonces.current());
});
