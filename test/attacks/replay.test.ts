// What was used once is used: at the process beside it, and after both have been stopped and started again.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  type BareParty,
  type BareToken,
  bareCode,
  bareParty,
  postForm,
  readyRead,
  redeem,
  tokenOf,
} from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, recentWindow, type TestHome, testHome } from '../support/journey.ts';
import { type SecondBroker, secondBroker } from '../support/second-broker.ts';
import { newPkce, sha256Base64url } from '../support/third-party.ts';

const databases = await testDatabases();
let broker: TestBroker = await testBroker({ databases });
let second: SecondBroker | null = await secondBroker(broker);
after(async () => {
  await second?.close();
  await broker.close();
  await databases.close();
});
const home: TestHome = await testHome(broker, 1);
const party: BareParty = await bareParty(broker);
const { issuer } = broker;

interface Captured {
  readonly name: string;
  /** What is answered where it is sent again. */
  readonly refused: number;
  send(address: string): Promise<Response>;
}

/** Each as it went over the wire, and each answered well at first. */
async function captured(): Promise<Captured[]> {
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const code = await bareCode(broker, party, home);
  const codeForm = await party.rp.codeForm(code.code, code.pkce);
  const tokenProof = await party.rp.proof('POST', `${issuer}/oauth/token`);
  const redeemed = await postForm(`${issuer}/oauth/token`, codeForm, { DPoP: tokenProof });
  const token: BareToken = await tokenOf(redeemed);
  const detail = {
    type: 'meter_readings',
    purpose: 'energy-advice',
    fuels: ['electricity'],
    resolution: 'P1D',
    ...recentWindow(broker),
  };
  const pushForm = await party.rp.pushForm(detail, newPkce());
  const refreshForm = await party.rp.refreshForm(token.refreshToken);
  const refreshProof = await party.rp.proof('POST', `${issuer}/oauth/token`);
  const read = await readyRead(broker, party, token, query);
  const list = `${issuer}/v1/meter-points`;
  const listProof = await party.rp.proof('GET', list, { ath: sha256Base64url(token.token) });
  const parts: Captured[] = [
    { name: 'a pushed request', refused: 401, send: (at) => postForm(`${at}/oauth/par`, pushForm) },
    {
      name: 'a refresh',
      refused: 401,
      send: (at) => postForm(`${at}/oauth/token`, refreshForm, { DPoP: refreshProof }),
    },
    {
      name: 'the proof of a refresh, with a new assertion',
      refused: 400,
      send: async (at) =>
        postForm(`${at}/oauth/token`, await party.rp.refreshForm(token.refreshToken), { DPoP: refreshProof }),
    },
    { name: 'a read', refused: 401, send: (at) => read(at) },
    {
      name: 'a call that reads nothing',
      refused: 401,
      send: (at) =>
        fetch(`${at}/v1/meter-points`, {
          headers: { authorization: `DPoP ${token.token}`, DPoP: listProof },
        }),
    },
  ];
  const [pushed, refreshed, , readOnce, listed] = parts as [Captured, Captured, Captured, Captured, Captured];
  assert.equal((await pushed.send(issuer)).status, 201);
  for (const each of [refreshed, readOnce, listed])
    assert.equal((await each.send(issuer)).status, 200, each.name);
  return parts;
}

async function refusedAt(address: string, all: readonly Captured[]): Promise<void> {
  for (const { name, refused, send } of all) assert.equal((await send(address)).status, refused, name);
}

const before = await captured();
const spentCode = await bareCode(broker, party, home);
const spentToken = await tokenOf(await redeem(party, issuer, spentCode));

test('at another process nothing is taken that this one took', async () => {
  await refusedAt(second?.address as string, before);
});

test('after a restart of both nothing is taken that they took before', async () => {
  await second?.close();
  second = null;
  const again = broker;
  await again.leave();
  broker = await testBroker({ databases, again });
  assert.equal(broker.issuer, issuer);
  await refusedAt(issuer, before);
});

test('a code spent before the restart revokes after it what it gave', async () => {
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const read = async () => (await (await readyRead(broker, party, spentToken, query))()).status;
  assert.equal(await read(), 200);
  assert.equal((await redeem(party, issuer, spentCode)).status, 400);
  assert.equal(await read(), 401);
});
