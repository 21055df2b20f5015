// A broker that must not write: whatever the fault, it starts, no reading leaves, anyone can check the log, a stop is
// kept, and health says why. Once mended it writes, the stop first.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { stopConsent } from '../../src/consent/consents.ts';
import { databasesOf } from '../../src/db/provision.ts';
import { countPending, latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { type BareParty, bareParty, bareToken, occupierOf, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, testHome } from '../support/journey.ts';
import { setBack } from '../support/set-back.ts';

const databases = await testDatabases();
const database = databasesOf(databases.name).broker;
const superuser: Kysely<unknown> = databases.open(databases.superuserUrl(database), 1);
let broker: TestBroker;
let party: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  party = await bareParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const asSuperuser = (text: string) => sql.raw(text).execute(superuser);
const moveClock = (ms: number) => asSuperuser(`update ledger.clock_offset set offset_ms = ${ms}`);
const ready = async () => {
  const answer = await fetch(`${broker.issuer}/health/ready`);
  return { status: answer.status, reason: ((await answer.json()) as { reason?: string }).reason };
};

interface Fault {
  readonly line: RegExp;
  make(): Promise<unknown>;
  mend(): Promise<unknown>;
}
const faults: Record<string, Fault> = {
  'a right too many': {
    line: /may write to ledger\.head/,
    make: () => asSuperuser('grant update on ledger.head to stabledoor_app'),
    mend: () => asSuperuser('revoke update on ledger.head from stabledoor_app'),
  },
  'durability switched off': {
    line: /synchronous_commit is off/,
    make: () =>
      asSuperuser(`alter role stabledoor_broker in database ${database} set synchronous_commit = off`),
    mend: () => asSuperuser(`alter role stabledoor_broker in database ${database} reset synchronous_commit`),
  },
  'a clock that went back': {
    line: /the clock is \d+ s behind the newest entry/,
    async make() {
      await moveClock(60_000);
      // An entry of the time to come.
      const forward = await testBroker({ databases, again: broker });
      await testHome(forward);
      await forward.leave();
      await moveClock(0);
    },
    mend: () => moveClock(60_000),
  },
};

for (const [name, fault] of Object.entries(faults)) {
  test(`with ${name} the broker starts and writes nothing; mended, it writes the stop first`, async () => {
    const home = await testHome(broker);
    const token = await bareToken(broker, party, home);
    const read = async () =>
      (await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' }))();
    assert.equal((await read()).status, 200);
    await broker.leave();
    await fault.make();
    broker = await testBroker({ databases, again: broker });
    const written = (await allEntries(databases.app)).length;

    const health = await ready();
    assert.equal(health.status, 503);
    assert.match(health.reason ?? '', fault.line);
    const refused = await read();
    assert.equal(refused.status, 503);
    const text = await refused.text();
    assert.equal(JSON.parse(text).code, 'ledger_unavailable');
    assert.doesNotMatch(text, /"value"/);
    assert.match(
      await (await fetch(`${broker.issuer}/ledger/checkpoint`)).text(),
      new RegExp(`\n${written}\n`),
    );

    const occupierId = (await occupierOf(broker, token.consentId)) as never;
    const { recorded } = await stopConsent(broker.parts, { consentId: token.consentId, occupierId });
    assert.equal(recorded, 'pending');
    assert.equal((await allEntries(databases.app)).length, written);

    await fault.mend();
    if (name === 'durability switched off') {
      // Connections keep the settings that they were opened with.
      await broker.leave();
      broker = await testBroker({ databases, again: broker });
    }
    await broker.parts.watch.look();
    await untilNonePending();
    assert.equal((await ready()).status, 200);
    const stops = (await allEntries(databases.app)).slice(written).map(({ kind }) => kind);
    assert.equal(stops[0], 'consent.stopped');
    assert.equal((await read()).status, 401);
  });
}

test('an old backup is not written to, and its log can be read', async () => {
  await broker.parts.watch.look();
  const size = (await latestCheckpoint(databases.app, 1))?.size as number;
  await broker.leave();
  await setBack(superuser, 1, size - 3);
  broker = await testBroker({ databases, again: broker });
  const health = await ready();
  assert.equal(health.status, 503);
  assert.match(
    health.reason ?? '',
    /^the ledger takes no entries: this log has been set back: the head guard /,
  );
  assert.match(
    await (await fetch(`${broker.issuer}/ledger/checkpoint`)).text(),
    new RegExp(`\n${size - 3}\n`),
  );
  assert.equal((await latestCheckpoint(databases.app, 1))?.size, size - 3);
});

async function untilNonePending(): Promise<void> {
  const until = performance.now() + 20_000;
  while ((await countPending(databases.app, 1)) > 0) {
    assert.ok(performance.now() < until, 'the stop still waits');
    await new Promise((done) => setTimeout(done, 50));
  }
}
