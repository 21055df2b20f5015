// Notices for a third party that asks for them (RFC 8936), on a whole broker.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { stopConsent } from '../../src/consent/consents.ts';
import { setReceiver } from '../../src/notify/receivers.ts';
import { type BareParty, bareParty, bareToken, occupierOf, postForm } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { type TestHome, testHome } from '../support/journey.ts';
import { sha256Base64url } from '../support/third-party.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker, 1);
});
after(async () => {
  await broker.close();
  await databases.close();
});

async function polling(): Promise<BareParty> {
  const party = await bareParty(broker);
  const clientId = party.clientId as never;
  await setReceiver({ ...broker.parts, production: false }, { clientId, endpoint: null, contact: null });
  return party;
}

async function ownToken(party: BareParty, scope = 'notices:read'): Promise<string> {
  const proof = await party.rp.proof('POST', `${broker.issuer}/oauth/token`);
  const form = await party.rp.clientForm(scope);
  const answer = await postForm(`${broker.issuer}/oauth/token`, form, { DPoP: proof });
  return (await answer.json()).access_token;
}

async function poll(party: BareParty, body: unknown, token?: string) {
  const url = `${broker.issuer}/v1/notices`;
  const access = token ?? (await ownToken(party));
  const proof = await party.rp.proof('POST', url, { ath: sha256Base64url(access) });
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `DPoP ${access}`, DPoP: proof, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

async function stopped(party: BareParty): Promise<string> {
  const { consentId } = await bareToken(broker, party, home);
  await stopConsent(broker.parts, { consentId, occupierId: (await occupierOf(broker, consentId)) as never });
  return consentId;
}

const now = { returnImmediately: true };

test('what is over is there until it is acknowledged, signed, and in order', async () => {
  const party = await polling();
  const consents = [await stopped(party), await stopped(party), await stopped(party)];
  const first = await poll(party, { ...now, maxEvents: 2 });
  assert.deepEqual([first.status, first.body.moreAvailable], [200, true]);
  const jwks = (await (await fetch(`${broker.issuer}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const subjects = [];
  for (const [jti, set] of Object.entries<string>(first.body.sets)) {
    const { payload } = await jwtVerify(set, createLocalJWKSet(jwks), {
      issuer: broker.issuer,
      audience: party.clientId,
      typ: 'secevent+jwt',
    });
    assert.equal(payload.jti, jti);
    subjects.push((payload.sub_id as { id: string }).id);
  }
  assert.deepEqual(subjects, consents.slice(0, 2));
  const again = await poll(party, { ...now, maxEvents: 2 });
  assert.deepEqual(Object.keys(again.body.sets), Object.keys(first.body.sets));
  const [taken, refused] = Object.keys(first.body.sets) as [string, string];
  const rest = await poll(party, { ...now, ack: [taken], setErrs: { [refused]: { err: 'invalid_key' } } });
  assert.equal(Object.keys(rest.body.sets).length, 1);
  assert.equal(rest.body.moreAvailable, false);
  const last = await poll(party, { ...now, maxEvents: 0, ack: Object.keys(rest.body.sets) });
  assert.deepEqual(last.body, { sets: {}, moreAvailable: false });
  assert.deepEqual((await poll(party, now)).body, { sets: {}, moreAvailable: false });
});

test('nobody sees or acknowledges another’s', async () => {
  const [party, other] = [await polling(), await polling()];
  await stopped(party);
  const [jti] = Object.keys((await poll(party, now)).body.sets);
  assert.deepEqual((await poll(other, { ...now, ack: [jti] })).body.sets, {});
  assert.deepEqual(Object.keys((await poll(party, now)).body.sets), [jti]);
});

test('a poll that waits is answered when something is over', async () => {
  const party = await polling();
  const { consentId } = await bareToken(broker, party, home);
  const began = performance.now();
  const waiting = poll(party, {});
  await new Promise((next) => setTimeout(next, 300));
  await stopConsent(broker.parts, { consentId, occupierId: (await occupierOf(broker, consentId)) as never });
  assert.equal(Object.keys((await waiting).body.sets).length, 1);
  assert.ok(performance.now() - began < 5000);
});

test('a token without the scope, one of a consent, and a malformed poll are refused', async () => {
  const party = await polling();
  assert.equal((await poll(party, now, await ownToken(party, 'consents:read'))).status, 403);
  assert.equal((await poll(party, now, (await bareToken(broker, party, home)).token)).status, 403);
  for (const wrong of [{ maxEvents: -1 }, { maxEvents: 101 }, { ack: ['x'] }, { ack: 'x' }, { other: 1 }, []])
    assert.equal((await poll(party, wrong)).status, 400, JSON.stringify(wrong));
});
