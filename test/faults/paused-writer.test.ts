// A writer that was paused in the middle of a batch, with the head locked, and wakes when the log has gone on without it:
// it holds the others up for seconds and not for ever, and what it wakes with can no longer be written.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger, testOrigin } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { assertDurable, wholeLog } from '../support/whole-log.ts';

const databases = await testDatabases();
const seed = randomBytes(32);
const ledger = await testLedger(databases, { signer: noteSigner(testOrigin, seed) });
const household = await ledger.household();
const admin = databases.open(databases.superuserUrl(databases.name), 1) as Kysely<unknown>;
after(async () => {
  await ledger.close();
  await databases.close();
});

/** Whether another than this process holds the head with nothing under way: it is in between two statements. */
async function isHeadHeldIdle(): Promise<boolean> {
  const { rows } = await sql`
    select from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where l.relation = 'ledger.head'::regclass and l.mode = 'RowExclusiveLock' and a.state = 'idle in transaction'
        and a.application_name = 'writer' and a.datname = current_database()`.execute(admin);
  return rows.length > 0;
}

test('a writer that is paused with the head in its hands wakes to a log that went on, and changes nothing of it', async () => {
  const { app, subjectKeys } = databases.urls;
  const task = { app, subjectKeys, seed: seed.toString('hex'), household, appends: 100_000, forSeconds: 12 };
  const program = join(import.meta.dirname, '../support/appender.ts');
  const writer = spawn(process.execPath, [program, JSON.stringify({ ...task, name: 'writer' })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  writer.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const ended = new Promise<number | null>((done) => writer.once('exit', done));

  const giveUp = performance.now() + 10_000;
  let isPaused = false;
  while (!isPaused && performance.now() < giveUp) {
    await wait(7);
    writer.kill('SIGSTOP');
    await wait(20);
    isPaused = await isHeadHeldIdle();
    if (!isPaused) writer.kill('SIGCONT');
  }
  assert.ok(isPaused, 'it was caught with the head locked');

  const began = performance.now();
  let first = null;
  while (first === null) first = await ledger.append(linked(household)).catch(() => null);
  assert.ok(
    performance.now() - began < 10_000,
    'the server takes the head away from whoever does nothing with it',
  );
  const more = await Promise.all(Array.from({ length: 50 }, () => ledger.append(linked(household))));

  writer.kill('SIGCONT');
  assert.equal(await ended, 0);
  const { written, refused } = JSON.parse(Buffer.concat(said).toString('utf8'));
  assert.ok(refused > 0, 'what it held when it was paused is refused');
  assert.ok(
    written.some(({ index }: { index: number }) => index > (more.at(-1)?.index ?? 0)),
    'and it goes on after it woke',
  );
  assertDurable(await wholeLog(databases.app, ledger.signer.key), [first, ...more, ...written]);
});
