// A clock that went back behind the last entry stops the log with a clear reason, and lets it go on when it is right.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { parseEntry } from '../../src/ledger/entry.ts';
import { ClockFault } from '../../src/ledger/errors.ts';
import type { StabledoorError } from '../../src/lib/errors.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { wholeLog } from '../support/whole-log.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
const household = await ledger.household();
after(async () => {
  await ledger.close();
  await databases.close();
});

/** As when the machine's own clock is set: nobody asks the log. */
const step = (offsetMs: number) =>
  sql`update ledger.clock_offset set offset_ms = ${offsetMs}::bigint`.execute(databases.owner);

test('a clock more than two seconds behind the last entry refuses every append, and says why', async () => {
  await step(60_000);
  await ledger.append(linked(household));
  await step(0);
  await assert.rejects(ledger.append(linked(household)), (error: StabledoorError) => {
    assert.equal(error.code, 'ledger_unavailable');
    assert.ok(error.cause instanceof ClockFault);
    assert.match(error.cause.message, /the clock is \d{5} ms behind the last entry/);
    return true;
  });
  await assert.rejects(
    databases.app.transaction().execute((tx) => ledger.appendWithin(tx, [linked(household)])),
    ClockFault,
  );
  await step(60_000);
  assert.ok(await ledger.append(linked(household)));
});

test('one that is a second behind is waited out by standing still', async () => {
  await step(120_000);
  await ledger.append(linked(household));
  await step(119_000);
  await ledger.append(linked(household));
  const { entries } = await wholeLog(databases.app, ledger.signer.key);
  const times = entries.slice(-2).map((text) => parseEntry(text).timeMs);
  assert.equal(times[0], times[1]);
});
