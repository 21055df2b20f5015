// Keys rotate while two broker processes issue tokens and answer reads with each other's: not one request fails.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import { retireAfterSeconds, rotateSigningKeys } from '../../src/oauth/publish-keys.ts';
import { bareParty, bareToken, postForm, readyRead } from '../support/bare-access.ts';
import { testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, testHome } from '../support/journey.ts';
import { secondBroker } from '../support/second-broker.ts';

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
const addresses = [issuer, second.address];

async function refresh(address: string): Promise<string> {
  const proof = await party.rp.proof('POST', `${issuer}/oauth/token`);
  const form = await party.rp.refreshForm(given.refreshToken);
  const answer = await postForm(`${address}/oauth/token`, form, { DPoP: proof });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body.access_token;
}

async function read(token: string, address: string): Promise<void> {
  const send = await readyRead(
    broker,
    party,
    { ...given, token },
    { ...closedDay(broker), resolution: 'P1D' },
  );
  const answer = await send(address);
  assert.equal(answer.status, 200, await answer.text());
}

const kidOf = (token: string) => decodeProtectedHeader(token).kid as string;

test('three rotations under load: tokens of each process are taken by the other, and nothing fails', async () => {
  const kids = new Set<string>();
  let done = false;
  let requests = 0;
  const load = async (issue: string, use: string) => {
    while (!done) {
      const token = await refresh(issue);
      kids.add(kidOf(token));
      await read(token, use);
      requests += 2;
    }
  };
  const [here, there] = addresses as [string, string];
  const running = Promise.all([load(here, there), load(there, here), load(here, here), load(there, there)]);
  const rotate = async () => {
    for (let i = 0; i < 3; i++) {
      await new Promise((next) => setTimeout(next, 400));
      await rotateSigningKeys(parts, parts.config.keyDir, { leadSeconds: 0 });
      await parts.signingKeys.refresh();
    }
    await new Promise((next) => setTimeout(next, 400));
  };
  try {
    await Promise.race([rotate(), running]);
  } finally {
    done = true;
  }
  await running;
  assert.equal(kids.size, 4);
  assert.ok(requests >= 16, `${requests} requests`);
});

test('after retirement one key is left, and both processes go on', async () => {
  await parts.clock.move(parts.clock.nowMs() + (retireAfterSeconds + 1) * 1000);
  await parts.signingKeys.refresh();
  assert.equal(parts.signingKeys.jwks().keys.length, 1);
  // The other process hears of the clock by NOTIFY.
  await new Promise((next) => setTimeout(next, 300));
  for (const address of addresses) await read(await refresh(address), issuer);
});
