// The embedded server dies: killed without a word, or ended by a disk that is full. It is started again by whoever uses
// it, appends are refused meanwhile, and what had a receipt is still there (P1, P7).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { openDatabase } from '../../src/db/database.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';
import { provision, type StoreUrls } from '../../src/db/provision.ts';
import { openLedger, type Receipt } from '../../src/ledger/ledger.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects } from '../../src/ledger/subjects.ts';
import { newId } from '../../src/lib/ids.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { quietLogger, testOrigin } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { assertDurable, wholeLog } from '../support/whole-log.ts';

/** A ledger on a server of its own in `folder`, whose server is kept running. */
async function watchedLedger(folder: string) {
  const server = await startEmbedded(folder);
  server.keepRunning(quietLogger);
  const urls = await provision(server, folder, 'watched');
  const db = openDatabase({ url: urls.app, maxConnections: 4, statementTimeoutMs: 2000 });
  const keys = openDatabase<SubjectKeyTables>({ url: urls.subjectKeys, maxConnections: 2 });
  const signer = noteSigner(testOrigin, randomBytes(32));
  const subjects = openSubjects(keys, testOrigin);
  const log = { logId: 1, origin: testOrigin, mode: 'sandbox', signer } as const;
  const ledger = await openLedger({ ...log, db, subjects, logger: quietLogger });
  const household = newId('household');
  await ledger.createSubject(household);
  const receipts: Receipt[] = [];
  return {
    server,
    urls,
    receipts,
    append: async () => void receipts.push(await ledger.append(linked(household))),
    check: async () => assertDurable(await wholeLog(db, signer.key), receipts),
    async close() {
      await ledger.close();
      await Promise.all([db.destroy(), keys.destroy()]);
      await server.stop();
    },
  };
}

type Watched = Awaited<ReturnType<typeof watchedLedger>>;

/** Appends until it succeeds again. Throws after the minute that recovery may take. */
async function untilWritten({ append }: Watched): Promise<void> {
  const until = performance.now() + 60_000;
  for (;;) {
    try {
      return await append();
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'ledger_unavailable');
      assert.ok(performance.now() < until, 'the server did not come back within a minute');
      await wait(100);
    }
  }
}

const pidOf = async ({ cluster }: EmbeddedServer): Promise<number> =>
  Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')[0]);

/** Not the first append that succeeds: connections outlive a server that is killed by some milliseconds, and answer. */
async function untilReplaced(server: EmbeddedServer, pid: number): Promise<void> {
  const until = performance.now() + 60_000;
  while ((await pidOf(server).catch(() => pid)) === pid) {
    assert.ok(performance.now() < until, 'the server did not come back within a minute');
    await wait(20);
  }
}

const kills = process.env.STABLEDOOR_SOAK === '1' ? 20 : 2;
test('a server that dies before it is stopped leaves nothing to stop', async () => {
  const server = await startEmbedded(await testDataFolder());
  process.kill(await pidOf(server), 'SIGKILL');
  await server.stop();
});

test(`a server that is killed ${kills} times is back each time, on its port, with every acknowledged entry`, async () => {
  const watched = await watchedLedger(await testDataFolder());
  try {
    const { server, receipts } = watched;
    for (let kill = 0; kill < kills; kill++) {
      const before = receipts.length;
      const load = Array.from({ length: 20 }, () => watched.append().catch(() => {}));
      while (receipts.length === before) await wait(5);
      const pid = await pidOf(server);
      process.kill(pid, 'SIGKILL');
      await Promise.all(load);
      await untilReplaced(server, pid);
      await untilWritten(watched);
    }
    await watched.check();
  } finally {
    await watched.close();
  }
  await wait(1500);
  await assert.rejects(pidOf(watched.server), { code: 'ENOENT' }, 'stopped is stopped');
});

const megabytes = 1024 * 1024;
let isMounted = false;
const disk = await testDataFolder(async () => {
  if (isMounted) execFileSync('umount', ['-l', disk]);
});
isMounted = mountDisk(disk);

function mountDisk(folder: string): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=755', 'stabledoor', folder], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

test('a disk that is full ends the server; once there is room it is back within a minute, and nothing is lost', {
  skip: isMounted ? false : 'this needs root, and the right to mount a small disk',
}, async () => {
  const folder = join(disk, 'data');
  await mkdir(folder);
  await chmod(folder, 0o755);
  const watched = await watchedLedger(folder);
  try {
    await watched.append();
    const pid = await pidOf(watched.server);
    const ballast = join(disk, 'ballast');
    const { bavail, bsize } = await statfs(disk);
    await writeFile(ballast, Buffer.alloc(bavail * bsize - 2 * megabytes));
    await fillWal(watched.urls, watched.server);
    const refused = await watched.append().then(
      () => null,
      (error: { code?: string }) => error.code,
    );
    assert.equal(refused, 'ledger_unavailable');
    await wait(3000);
    await rm(ballast);
    await untilWritten(watched);
    assert.notEqual(await pidOf(watched.server), pid, 'it was another server');
    await watched.check();
  } finally {
    await watched.close();
  }
});

/** Writes until the server cannot make its next WAL segment and gives up. */
async function fillWal(urls: StoreUrls, server: EmbeddedServer): Promise<void> {
  const db = openDatabase<unknown>({
    url: server.url('postgres', server.superuserPassword, new URL(urls.app).pathname.slice(1)),
    maxConnections: 1,
  });
  try {
    for (let i = 0; i < 100; i++)
      await sql`select pg_logical_emit_message(false, 'ballast', repeat('x', 1000000))`.execute(db);
    assert.fail('the disk did not fill');
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  } finally {
    await db.destroy();
  }
}
