// ledger.now() is the one clock: who may move it, how far back, and how soon every process knows.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { type DatabaseClock, openClock } from '../../src/db/clock.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(() => databases.close());
after(() => ledger.close());

const open = () => openClock(databases.open<never>(databases.urls.app, 1), databases.urls.app);
const year2030 = Date.UTC(2030, 0, 1);
const isNear = (ms: number, expected: number) => Math.abs(ms - expected) < 1500;

async function until(holds: () => boolean, withinMs: number): Promise<number> {
  const began = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - began < withinMs, `not within ${withinMs} ms`);
    await wait(5);
  }
  return performance.now() - began;
}

/** A clock listens once its connection is up. */
async function listening(count: number): Promise<void> {
  for (let waited = 0; waited < 3000; waited += 20) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
      where datname = current_database() and application_name = 'stabledoor clock'`.execute(databases.app);
    if (Number(rows[0]?.count) >= count) return void (await wait(50));
    await wait(20);
  }
  assert.fail('no clock listens');
}

test('a move by one process is heard by another within 200 ms, and its listener connects again when it is cut', async () => {
  const [mover, hearer] = await Promise.all([open(), open()]);
  const clocks: DatabaseClock[] = [mover, hearer];
  try {
    await listening(2);
    assert.ok(isNear(await mover.move(year2030), year2030));
    assert.ok(isNear(mover.nowMs(), year2030));
    await until(() => isNear(hearer.nowMs(), year2030), 200);

    const admin = databases.open(databases.superuserUrl(databases.name), 1) as Kysely<unknown>;
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'stabledoor clock'`.execute(admin);
    // Moved while nobody listens: who connects again reads it.
    await mover.move(year2030 + 3_600_000);
    await until(() => isNear(hearer.nowMs(), year2030 + 3_600_000), 4000);
    await listening(2);
    await mover.move(year2030 + 7_200_000);
    await until(() => isNear(hearer.nowMs(), year2030 + 7_200_000), 200);
  } finally {
    await Promise.all(clocks.map((clock) => clock.close()));
  }
});

test('ledger.now() and ledger.now_ms() follow the offset that the owner writes', async () => {
  await sql`update ledger.clock_offset set offset_ms = -1000000`.execute(databases.owner);
  const { rows } = await sql<{ behind: number; behind_ms: number }>`
    select round(extract(epoch from clock_timestamp() - ledger.now()))::int as behind,
      (extract(epoch from clock_timestamp()) * 1000)::bigint - ledger.now_ms() as behind_ms`.execute(
    databases.app,
  );
  assert.equal(rows[0]?.behind, 1000);
  assert.ok(Math.abs((rows[0]?.behind_ms ?? 0) - 1_000_000) < 50);
  await sql`update ledger.clock_offset set offset_ms = 0`.execute(databases.owner);
});

test('the application role cannot write the offset, nor add a second one', async () => {
  for (const statement of [
    'update ledger.clock_offset set offset_ms = 0',
    'insert into ledger.clock_offset (only_row) values (false)',
    'delete from ledger.clock_offset',
  ])
    await assert.rejects(sql.raw(statement).execute(databases.app), /permission denied/);
  await assert.rejects(
    sql`insert into ledger.clock_offset (only_row) values (false)`.execute(databases.owner),
    /check constraint/,
  );
});

test('the clock never moves behind the last entry', async () => {
  const clock = await openClock(databases.open<never>(databases.urls.app, 1), null);
  await clock.move(year2030);
  await ledger.append(linked(await ledger.household()));
  await assert.rejects(clock.move(year2030 - 1), /cannot go back behind the last entry/);
  await assert.rejects(clock.move(null), /cannot go back behind the last entry/);
  assert.ok(isNear(clock.nowMs(), year2030));
});

test('the clock of a production log does not move, and a log is not opened in production with a clock that is moved', async () => {
  const production = await testDatabases();
  try {
    await assert.rejects(
      sql`select ledger.move_clock(${year2030}::bigint)`.execute(production.app),
      /sandbox and demo only/,
    );
    await sql`update ledger.clock_offset set offset_ms = 1`.execute(production.owner);
    await assert.rejects(
      testLedger(production, { mode: 'production' }),
      /an offset, which production refuses/,
    );
    await sql`update ledger.clock_offset set offset_ms = 0`.execute(production.owner);
    const log = await testLedger(production, { mode: 'production' });
    await assert.rejects(
      sql`select ledger.move_clock(${year2030}::bigint)`.execute(production.app),
      /sandbox and demo only/,
    );
    await assert.rejects(
      testLedger(production, { mode: 'sandbox' }),
      /opened in production mode, not sandbox/,
    );
    await log.close();
  } finally {
    await production.close();
  }
});
