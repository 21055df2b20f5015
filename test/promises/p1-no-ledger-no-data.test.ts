// P1: if the append does not commit durably, the answer is 503 and not one reading leaves. The connection to the
// database is cut at each step of an append; logged and not released may happen, released and not logged may not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type BareParty, type BareToken, bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { type Cut, type CuttableConnection, cuttableConnection } from '../support/cut-connection.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, testHome } from '../support/journey.ts';

const databases = await testDatabases();
let connection: CuttableConnection;
let broker: TestBroker;
let party: BareParty;
let token: BareToken;
before(async () => {
  connection = await cuttableConnection(databases.urls.app);
  const urls = { ...databases.urls, app: connection.url };
  broker = await testBroker({ databases: { ...databases, urls } });
  party = await bareParty(broker);
  token = await bareToken(broker, party, await testHome(broker));
});
after(async () => {
  await broker.close();
  await connection.close();
  await databases.close();
});

const query = () => ({ ...closedDay(broker), resolution: 'P1D' });
const read = async () => (await readyRead(broker, party, token, query()))();
const disclosures = async () => (await allEntries(databases.app)).filter(({ kind }) => kind === 'disclosure');

/** A simple query of exactly this text, as it is on the wire. */
const statement = (text: string) => `${text}\0`;
const steps: [step: string, pattern: string, how: Cut, logged: number][] = [
  ['before the head is locked', 'ledger.open_batch', 'before', 0],
  ['once the head is locked', 'ledger.open_batch', 'after', 0],
  ['before the entry is sent', 'ledger.close_batch', 'before', 0],
  ['after the entry was sent, before it is committed', 'ledger.close_batch', 'after', 0],
  ['before the commit is sent', statement('commit'), 'before', 0],
  ['after the commit, before its answer', statement('commit'), 'after', 1],
  ['and the commit is answered too late', statement('commit'), 'late', 1],
];

for (const [step, pattern, how, logged] of steps) {
  test(`the append is cut ${step}: 503, and no reading leaves`, async () => {
    assert.equal((await read()).status, 200, 'all is well before');
    const before = await disclosures();
    const cuts = connection.made;
    connection.cut(pattern, how);
    const answer = await read();
    const text = await answer.text();
    assert.equal(connection.made, cuts + 1, 'the cut was made');
    assert.equal(answer.status, 503, text);
    assert.ok(answer.headers.has('retry-after'));
    const body = JSON.parse(text);
    assert.equal(body.code, 'ledger_unavailable');
    assert.doesNotMatch(text, /readings|"value"/);
    assert.equal((await disclosures()).length, before.length + logged);
    await recovery();
  });
}

/** A batch whose commit is answered late holds those after it up; then reads are answered as before. */
async function recovery(): Promise<void> {
  const giveUp = performance.now() + 10_000;
  while ((await read()).status !== 200)
    assert.ok(performance.now() < giveUp, 'reads are answered again once the connection is whole');
}

const rounds = process.env.STABLEDOOR_SOAK === '1' ? 200 : 12;
test(`${rounds} times eight reads at once, cut anywhere: each that was answered has its own entry`, async () => {
  const known = new Set((await disclosures()).map(({ index }) => index));
  const answered: number[] = [];
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const reads = await Promise.all(
      Array.from({ length: 8 }, () => readyRead(broker, party, token, query())),
    );
    const [, pattern, how] = steps[round % (steps.length - 1)] as (typeof steps)[number];
    connection.cut(pattern, how);
    // Not all in one batch: each that is cut takes its whole batch with it.
    const answers = reads.map(async (send, i) => {
      await new Promise((done) => setTimeout(done, i * 5));
      return send();
    });
    for (const answer of await Promise.all(answers)) {
      const body = await answer.json();
      if (answer.status === 200) answered.push(body.ledger_entry.index);
      else refused += 1;
      if (answer.status !== 200) assert.equal('readings' in body, false);
    }
  }
  const written = (await disclosures()).map(({ index }) => index).filter((index) => !known.has(index));
  assert.ok(refused > 0, 'some were cut');
  assert.ok(answered.length > 0, 'some were answered');
  assert.equal(new Set(answered).size, answered.length, 'no two answers share an entry');
  assert.deepEqual(
    answered.filter((index) => !written.includes(index)),
    [],
  );
});
