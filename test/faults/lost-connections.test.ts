// P1 at the ledger itself: connections are lost at any moment of an append, and a receipt is given only for what is there.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../../src/db/database.ts';
import type { Receipt } from '../../src/ledger/ledger.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { testDatabases } from '../support/database.ts';
import { frozenConnection } from '../support/frozen-connection.ts';
import { testLedger } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { assertDurable, wholeLog } from '../support/whole-log.ts';

const databases = await testDatabases();
const relay = await frozenConnection(databases.urls.app);
// As the broker opens it for its ledger: a statement may take as long as an append.
const relayed = openDatabase({ url: relay.url, maxConnections: 4, statementTimeoutMs: 2000 });
const ledger = await testLedger({ ...databases, app: relayed });
const household = await ledger.household();
after(async () => {
  await ledger.close();
  await relayed.destroy();
  await relay.close();
  await databases.close();
});

const isUnavailable = (error: unknown) =>
  error instanceof StabledoorError && error.code === 'ledger_unavailable';

test('appends whose connections are killed at any moment are refused, or their entries are there', async () => {
  const admin = databases.open(databases.superuserUrl(databases.name), 1) as Kysely<unknown>;
  const receipts: Receipt[] = [];
  let refused = 0;
  let over = false;
  const appender = async () => {
    while (!over) {
      try {
        receipts.push(await ledger.append(linked(household)));
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        refused += 1;
      }
    }
  };
  const appenders = Array.from({ length: 32 }, appender);
  // Until both have happened often enough: how soon a new connection is up depends on what else the machine does.
  const until = performance.now() + 15_000;
  const isEnough = () => refused > 100 && receipts.length > 100;
  for (let i = 0; i < 25 || (!isEnough() && performance.now() < until); i++) {
    await wait(30 + ((i * 17) % 90));
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and usename = 'stabledoor_broker'`.execute(admin);
  }
  over = true;
  await Promise.all(appenders);
  assert.ok(isEnough(), `${refused} refused, ${receipts.length} written`);
  assertDurable(await wholeLog(databases.app, ledger.signer.key), receipts);
});

test('a database that hangs is given up after two seconds, and appends go on when it wakes', async () => {
  await eventually(() => ledger.append(linked(household)), 5000);
  relay.freeze(true);
  const began = performance.now();
  await assert.rejects(ledger.append(linked(household)), isUnavailable);
  const took = performance.now() - began;
  assert.ok(took > 1500 && took < 2600, `${took} ms`);
  relay.thaw();
  await eventually(() => ledger.append(linked(household)), 5000);
  await wholeLog(databases.app, ledger.signer.key);
});

test('connections that were swallowed for good are replaced by new ones', async () => {
  await eventually(() => ledger.append(linked(household)), 5000);
  relay.freeze(false);
  await assert.rejects(ledger.append(linked(household)), isUnavailable);
  await eventually(() => ledger.append(linked(household)), 10_000);
  relay.thaw();
  await wholeLog(databases.app, ledger.signer.key);
});

test('a household whose key store hangs is refused within the same two seconds', async () => {
  const keys = await frozenConnection(databases.urls.subjectKeys);
  const other = await testLedger(
    { ...databases, app: relayed, urls: { ...databases.urls, subjectKeys: keys.url } },
    { signer: ledger.signer },
  );
  keys.freeze(true);
  const began = performance.now();
  await assert.rejects(other.append(linked(household)), isUnavailable);
  assert.ok(performance.now() - began < 2600);
  await other.append({
    req: linked(household).req,
    householdId: null,
    body: { kind: 'read.dropped', actor: 'broker', store_read: '1/1' },
  });
  await keys.close();
  await other.close();
});

/** Keeps trying what is refused for want of the database. */
async function eventually<Result>(attempt: () => Promise<Result>, withinMs: number): Promise<Result> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isUnavailable(error) || performance.now() > until) throw error;
      await wait(50);
    }
  }
}
