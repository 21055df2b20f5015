// What keeps a log from being written: each fault shuts the gate with one line that names it, and mending it opens it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { machineTimes } from '../../src/db/clock.ts';
import { databasesOf } from '../../src/db/provision.ts';
import { openHeadGuard } from '../../src/ledger/head-guard.ts';
import { latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { openWriteGate } from '../../src/ledger/write-gate.ts';
import { openWriteWatch, type WriteWatch, type WriteWatchParts } from '../../src/ledger/write-watch.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { quietLogger, testLedger, testOrigin } from '../support/ledger.ts';
import { setBack } from '../support/set-back.ts';

const folder = await testDataFolder();
const databases = await testDatabases();
const superuser: Kysely<unknown> = databases.open(
  databases.superuserUrl(databasesOf(databases.name).broker),
  1,
);
const signer = noteSigner(testOrigin, randomBytes(32));
const file = join(folder, 'guard/head');
const logKeys = () => [signer.key];
const guard = openHeadGuard(file, () => ({ origin: testOrigin, logKeys: logKeys() }));
const gate = openWriteGate();
const parts: WriteWatchParts = {
  ...{ db: databases.app, logId: 1, origin: testOrigin, logKeys, guard, gate, logger: quietLogger },
  times: machineTimes,
  // When the test says so, and not in between.
  lookEveryMs: 3_600_000,
};
const watch = await openWriteWatch(parts);
const ledger = await testLedger(databases, { signer, gate, watch });
const household = await ledger.household();
after(async () => {
  await ledger.close();
  await watch.close();
  await databases.close();
});

const append = () =>
  ledger.append({
    req: newRequestId(),
    householdId: household,
    body: { kind: 'meter-point.linked', actor: 'operator' },
    personal: { meter_point: '1012345678901' },
  });
const grow = async (count: number) => {
  for (let i = 0; i < count; i++) await append();
};
const newest = async () => (await latestCheckpoint(databases.app, 1)) as { size: number; note: string };

/** As a start does: nothing is known but what is stored. */
async function atStart(bend: Partial<WriteWatchParts> = {}): Promise<string | null> {
  const fresh = openWriteGate();
  const opened = await openWriteWatch({ ...parts, gate: fresh, ...bend });
  await opened.close();
  return fresh.whyShut();
}

test('the head guard follows what is appended, behind the appends, and a start finds nothing wrong', async () => {
  await grow(3);
  const until = performance.now() + 10_000;
  while ((await readFile(file, 'utf8').catch(() => '')) !== (await newest()).note)
    assert.ok(performance.now() < until, 'the guard does not follow');
  assert.equal(await atStart(), null);
  assert.equal(gate.whyShut(), null);
});

test('a guard that cannot be written keeps no append waiting', async () => {
  const nowhere = openHeadGuard(join(file, 'in-a-file'), () => ({ origin: testOrigin, logKeys: logKeys() }));
  const opened = await openWriteWatch({ ...parts, gate: openWriteGate(), guard: nowhere }).catch(
    (error: Error) => error,
  );
  assert.ok(opened instanceof Error, 'the first look says so');
  await grow(1);
});

async function shuts(what: RegExp, mend: () => Promise<unknown>): Promise<void> {
  assert.match((await atStart()) ?? 'open', what);
  await watch.look();
  assert.match(gate.whyShut() ?? 'open', what);
  await assert.rejects(append(), { code: 'ledger_unavailable' });
  await mend();
  await watch.look();
  assert.equal(gate.whyShut(), null);
  await append();
}
const asOwner = (text: string) => sql.raw(text).execute(databases.owner);

test('a right too many shuts the gate, and taking it away opens it', async () => {
  await asOwner('grant insert on ledger.entry to stabledoor_app');
  await shuts(/may write to ledger\.entry/, () =>
    asOwner('revoke insert on ledger.entry from stabledoor_app'),
  );
});

test('a role that could become the owner of the ledger is refused', async () => {
  const role = `test_${randomBytes(4).toString('hex')}`;
  await sql.raw(`create role ${role} login password 'x' in role stabledoor_app`).execute(superuser);
  await sql.raw(`grant stabledoor_owner to ${role} with inherit false`).execute(superuser);
  await sql
    .raw(`grant connect on database ${databasesOf(databases.name).broker} to ${role}`)
    .execute(superuser);
  try {
    const url = new URL(databases.urls.app);
    url.username = role;
    url.password = 'x';
    assert.match(
      (await atStart({ db: databases.open(url.href, 1) as never })) ?? 'open',
      /may become stabledoor_owner/,
    );
  } finally {
    await sql
      .raw(`revoke all on database ${databasesOf(databases.name).broker} from ${role}`)
      .execute(superuser);
    await sql.raw(`drop role ${role}`).execute(superuser);
  }
});

test('durability that was switched off for the role shuts the gate', async () => {
  const database = databasesOf(databases.name).broker;
  const set = (what: string) =>
    sql.raw(`alter role stabledoor_broker in database ${database} ${what}`).execute(superuser);
  await set('set synchronous_commit = off');
  assert.match(
    (await atStart({ db: databases.open(databases.urls.app, 1) as never })) ?? 'open',
    /synchronous_commit is off/,
  );
  await set('reset synchronous_commit');
  assert.equal(await atStart({ db: databases.open(databases.urls.app, 1) as never }), null);
});

test('a trigger that was switched off shuts the gate', async () => {
  await asOwner('alter table ledger.checkpoint disable trigger never_changed');
  await shuts(/checkpoint\.never_changed are not always on/, () =>
    asOwner('alter table ledger.checkpoint enable always trigger never_changed'),
  );
});

test('a head that is not the one that was signed shuts the gate', async () => {
  const { rows } = await sql<{ frontier: Buffer[] }>`select frontier from ledger.head`.execute(superuser);
  const frontier = rows[0]?.frontier as Buffer[];
  const bent = [...frontier.slice(0, -1), randomBytes(32)];
  await sql`update ledger.head set frontier = ${bent}`.execute(superuser);
  await shuts(/is not the one that was signed/, () =>
    sql`update ledger.head set frontier = ${frontier}`.execute(superuser),
  );
});

test('a last entry that was changed is found at a start', async () => {
  const { size } = await newest();
  const change = async (leaf: Buffer, entry: Buffer) => {
    await asOwner('alter table ledger.entry disable trigger never_changed');
    await sql`update ledger.entry set leaf = ${leaf}, entry = ${entry} where idx = ${size - 1}`.execute(
      superuser,
    );
    await asOwner('alter table ledger.entry enable always trigger never_changed');
  };
  const { rows } = await sql<{ leaf: Buffer; entry: Buffer }>`
    select leaf, entry from ledger.entry where idx = ${size - 1}`.execute(superuser);
  const { leaf, entry } = rows[0] as { leaf: Buffer; entry: Buffer };
  await change(leaf, Buffer.from(entry.toString().replace('operator', 'operatar')));
  await shuts(new RegExp(`entry ${size - 1} has another hash`), () => change(leaf, entry));
});

const moved = (wallMs: number, uptimeMs = 0) => ({
  wallMs: () => machineTimes.wallMs() + wallMs,
  uptimeMs: () => machineTimes.uptimeMs() + uptimeMs,
});

test('a database whose clock is apart from this machine’s is refused, either way', async () => {
  assert.match(
    (await atStart({ times: moved(60_000) })) ?? '',
    /database's clock is \d+ s behind this machine's/,
  );
  assert.match(
    (await atStart({ times: moved(-60_000) })) ?? '',
    /database's clock is \d+ s ahead of this machine's/,
  );
});

test('a clock that jumps while the broker runs shuts the gate, and opens it when it is back', async () => {
  let jumpMs = 0;
  const jumping = { ...machineTimes, wallMs: () => machineTimes.wallMs() + jumpMs };
  const own = openWriteGate();
  const opened = await openWriteWatch({ ...parts, gate: own, times: jumping });
  for (const [ms, line] of [
    [120_000, /went forward by 1[12]\d s/],
    [-120_000, /went back by \d+ s/],
  ] as const) {
    jumpMs = ms;
    await opened.look();
    assert.match(own.whyShut() ?? 'open', line);
    jumpMs = 0;
    await opened.look();
    assert.equal(own.whyShut(), null);
  }
  await opened.close();
});

test('a clock behind the newest entry shuts the gate', async () => {
  const move = (ms: number) => sql`update ledger.clock_offset set offset_ms = ${ms}`.execute(databases.owner);
  await move(3_600_000);
  await append();
  await move(0);
  await shuts(/the clock is \d+ s behind the newest entry/, () => move(3_600_000));
});

test('a guard that says nothing of this log shuts the gate', async () => {
  const { note } = await newest();
  await writeFile(file, 'nonsense');
  await shuts(/the head guard .* is not of this log/, () => writeFile(file, note));
});

test('an old backup is known by the head guard, whose own size it names', async () => {
  await watch.look();
  const { size } = await newest();
  await setBack(superuser, 1, size - 2);
  assert.equal(
    await atStart(),
    `this log has been set back: the head guard ${file} holds a checkpoint of ${size} entries that it signed, and there are ${size - 2}`,
  );
});

test('a log that is set back under a running broker takes nothing more, not even before the next look', async () => {
  await assert.rejects(append(), (error: { cause?: { cause?: Error } }) => {
    assert.match(
      String(error.cause?.cause?.message),
      /has been set back(?: from \d+ entries to \d+|: it had \d+ entries)/,
    );
    return true;
  });
});

test('another history of the same length is known too', async () => {
  const kept = await readFile(file, 'utf8');
  await rm(file);
  const fresh = openWriteGate();
  const opened: WriteWatch = await openWriteWatch({ ...parts, gate: fresh });
  const other = await testLedger(databases, { signer, gate: fresh, watch: opened });
  for (let i = 0; i < 3; i++)
    await other.append({
      req: newRequestId(),
      householdId: household,
      body: { kind: 'meter-point.linked', actor: 'operator' },
      personal: { meter_point: '1012345678901' },
    });
  await other.close();
  await opened.close();
  await writeFile(file, kept);
  assert.match((await atStart()) ?? 'open', /this log is not the one that was kept/);
});
