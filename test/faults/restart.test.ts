// The database is stopped under load, without a goodbye, and started again: appends are refused at once while it is away,
// go on when it is back, in the same process, and what had a receipt is still there (P1, P7).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '../../src/db/database.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { findHome } from '../../src/db/embedded-home.ts';
import { run } from '../../src/db/embedded-run.ts';
import { provision } from '../../src/db/provision.ts';
import { openLedger, type Receipt } from '../../src/ledger/ledger.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects } from '../../src/ledger/subjects.ts';
import type { StabledoorError } from '../../src/lib/errors.ts';
import { newId } from '../../src/lib/ids.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { quietLogger, testOrigin } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { assertDurable, wholeLog } from '../support/whole-log.ts';

// A server of its own: no other test may lose its database.
const dataDir = await testDataFolder(async () => {
  await ledger.close();
  await Promise.all([db.destroy(), keys.destroy()]);
  await server.stop();
});
const server = await startEmbedded(dataDir);
const urls = await provision(server, dataDir, 'restarted');
const db = openDatabase({ url: urls.app, maxConnections: 4, statementTimeoutMs: 2000 });
const keys = openDatabase<SubjectKeyTables>({ url: urls.subjectKeys, maxConnections: 2 });
const signer = noteSigner(testOrigin, randomBytes(32));
const ledger = await openLedger({
  db,
  logId: 1,
  origin: testOrigin,
  mode: 'sandbox',
  signer,
  subjects: openSubjects(keys, testOrigin),
  logger: quietLogger,
});

/** pg_ctl on this cluster; `start` on the port that it had. */
async function control(command: 'start' | 'stop'): Promise<void> {
  const home = await findHome(dataDir);
  const options = `-p ${server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''`;
  const args =
    command === 'stop' ? ['-m', 'immediate'] : ['-l', join(home.folder, 'server.log'), '-o', options];
  await run(home, home.binaries.pgCtl, [command, '-D', home.cluster, '-w', ...args]);
}

test('a database that crashes and comes back loses no receipt, and needs no restart of ours', async () => {
  const household = newId('household');
  await ledger.createSubject(household);
  const receipts: Receipt[] = [];
  const refusedAfterMs: number[] = [];
  let over = false;
  const appender = async () => {
    while (!over) {
      const began = performance.now();
      try {
        receipts.push(await ledger.append(linked(household)));
      } catch (error) {
        assert.equal((error as StabledoorError).code, 'ledger_unavailable');
        refusedAfterMs.push(performance.now() - began);
        await wait(20);
      }
    }
  };
  const appenders = Array.from({ length: 32 }, appender);
  for (let crash = 0; crash < 2; crash++) {
    await wait(600);
    await control('stop');
    const known = refusedAfterMs.length;
    await wait(500);
    assert.ok(refusedAfterMs.length > known, 'appends are refused while it is away');
    await control('start');
    const before = receipts.length;
    for (let waited = 0; receipts.length === before && waited < 5000; waited += 50) await wait(50);
    assert.ok(receipts.length > before, 'appends go on');
  }
  over = true;
  await Promise.all(appenders);
  refusedAfterMs.sort((a, b) => a - b);
  assert.ok((refusedAfterMs[refusedAfterMs.length >> 1] ?? 0) < 500, 'half of the refusals are quick');
  assert.ok((refusedAfterMs.at(-1) ?? 0) < 2600, 'none takes longer than the deadline');
  assertDurable(await wholeLog(db, signer.key), receipts);
});
