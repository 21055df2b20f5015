// A key of access tokens that got out is retired at once: what it signed is dead in every process, before any of them has heard,
// and third parties go on by refreshing.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, test } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import { newId } from '../../src/lib/ids.ts';
import { retireSigningKey, rotateSigningKeys } from '../../src/oauth/publish-keys.ts';
import { bareParty, bareToken, postForm, readyRead } from '../support/bare-access.ts';
import { testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, testHome } from '../support/journey.ts';
import { ownToken, readyGet } from '../support/own-access.ts';
import { secondBroker } from '../support/second-broker.ts';
import { assertVerifies } from '../support/verify-whole.ts';

const databases = await testDatabases();
const broker = await testBroker({ databases });
const second = await secondBroker(broker);
after(async () => {
  await second.close();
  await broker.close();
  await databases.close();
});
const { parts, issuer } = broker;
const home = await testHome(broker, 1);
const party = await bareParty(broker);
const given = await bareToken(broker, party, home);
const kidOf = (token: string) => decodeProtectedHeader(token).kid as string;
const query = { ...closedDay(broker), resolution: 'P1D' };
const readyWith = (token: string) => readyRead(broker, party, { ...given, token }, query);

async function refresh(address = issuer): Promise<string> {
  const proof = await party.rp.proof('POST', `${issuer}/oauth/token`);
  const form = await party.rp.refreshForm(given.refreshToken);
  const answer = await postForm(`${address}/oauth/token`, form, { DPoP: proof });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body.access_token;
}

async function introspected(token: string): Promise<boolean> {
  const form = { ...(await party.rp.clientForm('consents:read')), token };
  const answer = await postForm(`${issuer}/oauth/introspect`, form);
  return ((await answer.json()) as { active: boolean }).active;
}

const keyFiles = async () => (await readdir(parts.config.keyDir)).filter((name) => name.startsWith('token-'));

test('a key that is unknown, or the only one that signs, is not retired', async () => {
  await assert.rejects(retireSigningKey(parts, newId('client')), { code: 'not_found' });
  await assert.rejects(retireSigningKey(parts, kidOf(given.token)), { code: 'illegal_transition' });
  await assert.rejects(
    parts.db.updateTable('oauth.signing_key').set({ retired_at: new Date() }).execute(),
    /permission denied/,
  );
});

test('what a stolen key signed is refused in every process at once, and a refresh goes on', async () => {
  const stolen = kidOf(given.token);
  const own = await ownToken(broker, party, 'consents:read');
  const [before, here, there] = await Promise.all([0, 1, 2].map(() => readyWith(given.token)));
  const ownRead = await readyGet(broker, party, own, '/v1/consents');
  assert.equal((await before?.())?.status, 200);
  assert.equal(await introspected(given.token), true);
  await rotateSigningKeys(parts, parts.config.keyDir, { leadSeconds: 0 });
  await retireSigningKey(parts, stolen);
  // Nobody has heard: this process still holds the key, and would sign with it.
  assert.equal(parts.signingKeys.current().kid, stolen);
  assert.ok(await parts.signingKeys.find(stolen));
  for (const answer of [await here?.(), await there?.(second.address), await ownRead()]) {
    assert.equal(answer?.status, 401);
    assert.match(answer?.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
  }
  assert.equal(await introspected(given.token), false);
  for (const address of [issuer, second.address]) {
    const token = await refresh(address);
    assert.notEqual(kidOf(token), stolen);
    assert.equal((await (await readyWith(token))(address)).status, 200);
  }
  const entry = (await allEntries(parts.db)).find((known) => known.kind === 'key.retired');
  assert.ok(entry?.kind === 'key.retired');
  assert.deepEqual([entry.actor, entry.use, JSON.parse(entry.key).kid], ['operator', 'tokens', stolen]);
  await assert.rejects(retireSigningKey(parts, stolen), { code: 'illegal_transition' });
});

test('the command retires the key that signs, after it made another, and its file is gone', async () => {
  const kid = kidOf(await refresh());
  const held = await readyWith(await refresh());
  const ran = await stabledoor(broker.environment, ['keys', 'retire', kid, '--json']);
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(JSON.parse(ran.out).key_id, kid);
  assert.equal((await held()).status, 401);
  assert.ok(!(await keyFiles()).some((name) => name.includes(kid)));
  assert.notEqual(kidOf(await refresh(second.address)), kid);
  const again = await stabledoor(broker.environment, ['keys', 'retire', kid]);
  assert.notEqual(again.code, 0);
  assert.match(again.err, /retired before/);
});

test('the log verifies, with its keys retired before their time', async () => {
  await assertVerifies(parts.db, parts.ledger.verifierKey);
});
