// P7: a restart or a crash loses nothing that was acknowledged. A broker process is killed under load, and so is the
// database; every entry that an answer named is in the ledger afterwards, at its place and with its leaf.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { type BareParty, bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';
import { type SecondBroker, secondBroker } from '../support/second-broker.ts';

const databases = await testDatabases();
let broker: TestBroker;
let party: BareParty;
let home: TestHome;
before(async () => {
  // A broker that is killed takes the slice that it had leased with it, a twentieth of the allowance: here one is killed each
  // second, and so the allowance is for a second.
  const environment = { STABLEDOOR_RATE_LIMITS: 'reads=100000/1' };
  broker = await testBroker({ databases, environment });
  home = await testHome(broker);
  party = await bareParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

interface Acknowledged {
  readonly index: number;
  readonly leaf: string;
}

/**
 * Reads at `address`, eight at once, until the address answers no more. `onAcknowledged` hears of each answer: a kill that
 * waits for answers and not for a time finds load on a slow machine too.
 */
async function load(address: string, onAcknowledged: (count: number) => void): Promise<Acknowledged[]> {
  const token = await bareToken(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const acknowledged: Acknowledged[] = [];
  const one = async () => {
    while (true) {
      const read = await readyRead(broker, party, token, query);
      const answer = await read(address).catch(() => null);
      if (answer === null) return;
      assert.equal(answer.status, 200, 'a broker under load answers or is dead');
      const body = await answer.json().catch(() => null);
      if (body === null) return;
      onAcknowledged(acknowledged.push(body.ledger_entry));
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return acknowledged;
}

async function leafAt(index: number): Promise<string | undefined> {
  const row = await databases.app
    .selectFrom('ledger.entry')
    .select('leaf')
    .where('log_id', '=', 1)
    .where('idx', '=', index)
    .executeTakeFirst();
  return row && encodeBase64(row.leaf);
}

const rounds = process.env.STABLEDOOR_SOAK === '1' ? 200 : 2;

test(`a broker killed under load ${rounds} times: every entry it acknowledged is there, and the ledger is sound`, async () => {
  for (let round = 0; round < rounds; round++) {
    const second: SecondBroker = await secondBroker(broker);
    const enough = 1 + Math.floor(Math.random() * 40);
    const acknowledged = await load(second.address, (count) => {
      // Some way into what comes after the answer, so that a kill meets each step of an append.
      if (count === enough) setTimeout(() => process.kill(second.pid, 'SIGKILL'), Math.random() * 30);
    });
    await second.close();
    for (const { index, leaf } of acknowledged) assert.equal(await leafAt(index), leaf, `entry ${index}`);
    assert.ok(acknowledged.length >= enough, 'there was load');
  }
  const verified = await stabledoor(broker.environment, ['ledger', 'verify', '--json']);
  assert.equal(verified.code, 0, verified.err + verified.out);
});
