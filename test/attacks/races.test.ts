// Everything that is good for one use, used by many at once at two processes: one use each, every time, and never a fault of
// ours. The log that comes of it is whole, and says each use once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import {
  type BareParty,
  type BareToken,
  bareCode,
  bareParty,
  bareToken,
  postForm,
  readyRead,
  redeem,
} from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, recentWindow, type TestHome, testHome } from '../support/journey.ts';
import { type SecondBroker, secondBroker } from '../support/second-broker.ts';
import { newPkce } from '../support/third-party.ts';
import { wholeLog } from '../support/whole-log.ts';

const kinds = 6;
/** Of each kind; at full counts more than a thousand in all. */
const rounds = process.env.STABLEDOOR_SOAK === '1' ? Math.ceil(1000 / kinds) : 3;
const most = 50;
const least = 8;
/** Another number each round, from 8 to 50. */
const attemptsOf = (round: number): number => least + ((round * 17) % (most - least + 1));

const databases = await testDatabases();
let broker: TestBroker;
let second: SecondBroker;
let home: TestHome;
let party: BareParty;
before(async () => {
  const unlimited = ['par', 'tokens', 'reads', 'failures', 'public', 'pages', 'household']
    .map((name) => `${name}=9000000/60`)
    .join(',');
  broker = await testBroker({ databases, environment: { STABLEDOOR_RATE_LIMITS: unlimited } });
  home = await testHome(broker, 1);
  party = await bareParty(broker);
  second = await secondBroker(broker);
});
after(async () => {
  await second?.close();
  await broker?.close();
  await databases.close();
});

type Attempt = (address: string) => Promise<Response>;

/** All at once, in turn on the two processes; what each was answered with. */
async function race(attempts: readonly Attempt[]): Promise<Map<number, number>> {
  const answers = await Promise.all(
    attempts.map(async (attempt, i) => {
      const answer = await attempt(i % 2 === 0 ? broker.issuer : second.address);
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  const counted = new Map<number, number>();
  for (const status of answers) counted.set(status, (counted.get(status) ?? 0) + 1);
  return counted;
}
const same = (times: number, attempt: Attempt): Attempt[] => Array.from({ length: times }, () => attempt);

function onlyOne(
  statuses: Map<number, number>,
  good: number,
  refused: readonly number[],
  round: number,
): void {
  const said = `round ${round}: ${JSON.stringify([...statuses])}`;
  assert.equal(statuses.get(good), 1, said);
  for (const status of statuses.keys()) assert.ok(status === good || refused.includes(status), said);
}

const detail = () => ({
  type: 'meter_readings',
  purpose: 'energy-advice',
  fuels: ['electricity'],
  resolution: 'P1D',
  ...recentWindow(broker),
});
const entriesOf = async (kind: string): Promise<number> => {
  const { count } = await databases.owner
    .selectFrom('ledger.entry')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where((eb) => eb(eb.fn<string>('convert_from', ['entry', eb.val('UTF8')]), 'like', `%"kind":"${kind}"%`))
    .executeTakeFirstOrThrow();
  return Number(count);
};

async function eachRound(run: (round: number, attempts: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round++) await run(round, attemptsOf(round));
}
test('redemptions of one code: one token, and one entry', async () => {
  const before = await entriesOf('token.issued');
  await eachRound(async (round, attempts) => {
    const code = await bareCode(broker, party, home, 'P1D');
    const one: Attempt = (address) => redeem(party, broker.issuer, code, address);
    onlyOne(await race(same(attempts, one)), 200, [400], round);
  });
  assert.equal((await entriesOf('token.issued')) - before, rounds);
});

test('uses of one assertion: one request', async () => {
  await eachRound(async (round, attempts) => {
    const form = await party.rp.pushForm(detail(), newPkce());
    const one: Attempt = (address) => postForm(`${address}/oauth/par`, form);
    onlyOne(await race(same(attempts, one)), 201, [401], round);
  });
});

test('reads with one proof: one answer', async () => {
  const token = await bareToken(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const fresh = freshToken(token);
  await eachRound(async (round, attempts) => {
    const read = await readyRead(broker, party, await fresh(round), query);
    onlyOne(await race(same(attempts, read)), 200, [401], round);
  });
});

test('refreshes with one token, each with an assertion and a proof of its own: all of them, and an entry each', async () => {
  const token = await bareToken(broker, party, home);
  const before = await entriesOf('token.issued');
  let asked = 0;
  await eachRound(async (round, attempts) => {
    const all = await Promise.all(
      Array.from({ length: attempts }, async (): Promise<Attempt> => {
        const form = await party.rp.refreshForm(token.refreshToken);
        const DPoP = await party.rp.proof('POST', `${broker.issuer}/oauth/token`);
        return (address) => postForm(`${address}/oauth/token`, form, { DPoP });
      }),
    );
    const statuses = await race(all);
    assert.deepEqual([...statuses], [[200, attempts]], `round ${round}`);
    asked += attempts;
  });
  assert.equal((await entriesOf('token.issued')) - before, asked);
});

test('refreshes with one proof, each with an assertion of its own: one token', async () => {
  const token = await bareToken(broker, party, home);
  await eachRound(async (round, attempts) => {
    const DPoP = await party.rp.proof('POST', `${broker.issuer}/oauth/token`);
    const all = await Promise.all(
      Array.from({ length: attempts }, async (): Promise<Attempt> => {
        const form = await party.rp.refreshForm(token.refreshToken);
        return (address) => postForm(`${address}/oauth/token`, form, { DPoP });
      }),
    );
    onlyOne(await race(all), 200, [400], round);
  });
});

test('answers to one request: one consent, one code', async () => {
  const before = await entriesOf('consent.given');
  await eachRound(async (round, attempts) => {
    const pushed = await postForm(`${broker.issuer}/oauth/par`, await party.rp.pushForm(detail(), newPkce()));
    const { request_uri } = (await pushed.json()) as { request_uri: string };
    const body = JSON.stringify({
      ...{ request_uri, client_id: party.clientId },
      ...{ household: home.email, decision: 'share' },
    });
    const headers = { 'content-type': 'application/json' };
    const share: Attempt = (address) =>
      fetch(`${address}/sandbox/decisions`, { method: 'POST', headers, body });
    onlyOne(await race(same(attempts, share)), 200, [400, 409], round);
  });
  assert.equal((await entriesOf('consent.given')) - before, rounds);
});

test('the log that all of this left is whole', async () => {
  const log = await wholeLog(databases.app, parseVerifierKey(broker.parts.ledger.verifierKey, sha256));
  assert.ok(log.entries.length > rounds * 4);
});

/** A token lives five minutes: in a long run a new one now and then. */
function freshToken(first: BareToken): (round: number) => Promise<BareToken> {
  let current = first;
  return async (round) => {
    if (round % 50 !== 49) return current;
    const form = await party.rp.refreshForm(first.refreshToken);
    const DPoP = await party.rp.proof('POST', `${broker.issuer}/oauth/token`);
    const answer = await postForm(`${broker.issuer}/oauth/token`, form, { DPoP });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    current = { ...first, token };
    return current;
  };
}
