// P6: after an erasure the log still verifies, and nothing leads from it to the person or from one entry to the next.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { eraseDue, eraseHousehold, erasureSteps, requestErasure } from '../../src/audit/erasure.ts';
import { findErasure, listDueErasures } from '../../src/audit/erasure-store.ts';
import { openDatabase } from '../../src/db/database.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { formatExportLine } from '../../src/ledger/export-format.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { listPolicies } from '../../src/policy/policy-store.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { allEntries } from '../support/entries.ts';
import {
  closedDay,
  type TestHome,
  type TestParty,
  testAccess,
  testHome,
  testParty,
} from '../support/journey.ts';

let broker: TestBroker;
let party: TestParty;
before(async () => {
  broker = await testBroker({ databases: null });
  party = await testParty(broker);
});
after(() => broker.close());

/** A home that has shared and been read. */
async function usedHome() {
  const home = await testHome(broker);
  const access = await testAccess(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'PT30M' };
  const read = () => access.readings(access.meterPoints[0] as string, query);
  assert.equal((await read()).status, 200);
  return { home, access, read };
}

async function subjectKey({ householdId }: TestHome): Promise<Buffer | undefined> {
  const db = openDatabase<SubjectKeyTables>({
    url: broker.parts.stores.addresses.subjectKeys,
    maxConnections: 1,
  });
  try {
    const row = await db
      .selectFrom('subject.key')
      .select('key')
      .where('household_id', '=', householdId)
      .executeTakeFirst();
    return row?.key;
  } finally {
    await db.destroy();
  }
}

async function verdict() {
  const { db, ledger } = broker.parts;
  const policies = await listPolicies(db, ledger.logId);
  return verifyLog(exportLog(db, { logId: ledger.logId, policies, to: 'newest' }), {
    ...nodeCrypto,
    keys: [ledger.verifierKey],
  });
}

const erasedEntries = async () =>
  (await allEntries(broker.parts.db)).filter(({ kind }) => kind === 'subject.erased');

test('an erased household shares nothing any more, cannot sign in, and the log still verifies', async () => {
  const { home, access, read } = await usedHome();
  const before = (await erasedEntries()).length;
  await requestErasure(broker.parts, home.householdId, { askedBy: 'operator', now: true });
  await eraseHousehold(broker.parts, home.householdId);
  assert.equal((await read()).status, 401);
  await assert.rejects(access.refresh());
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from household.occupier where email = ${home.email})
      + (select count(*) from household.meter_point where mpan = ${home.mpan})
      + (select count(*) from subject.entry where household_id = ${home.householdId}) as n`.execute(
    broker.parts.db,
  );
  assert.equal(rows[0]?.n, 0);
  assert.equal(await subjectKey(home), undefined);
  assert.equal((await erasedEntries()).length, before + 1);
  const entries = await allEntries(broker.parts.db);
  assert.ok(
    entries.some((entry) => entry.kind === 'consent.ended' && entry.consent_ref === access.consentId),
  );
  const checked = await verdict();
  assert.deepEqual(checked.violations, []);
});

for (let done = 0; done <= erasureSteps.length; done += 1) {
  const where = erasureSteps[done - 1]?.[0] ?? 'nothing';
  test(`cut short after ${where}, it is resumed and ends erased with one entry`, async () => {
    const { home } = await usedHome();
    const before = (await erasedEntries()).length;
    await requestErasure(broker.parts, home.householdId, { askedBy: 'operator', now: true });
    for (const [, step] of erasureSteps.slice(0, done)) await step(broker.parts, home.householdId);
    if (done < erasureSteps.length)
      assert.ok((await listDueErasures(broker.parts.db, 10)).includes(home.householdId), 'it is still due');
    await eraseHousehold(broker.parts, home.householdId);
    assert.equal((await erasedEntries()).length, before + 1);
    assert.equal(await subjectKey(home), undefined);
    assert.equal(await findErasure(broker.parts.db, home.householdId), null);
    assert.deepEqual((await verdict()).violations, []);
  });
}

test('an erasure that cannot be done yet holds up no other', async () => {
  const { parts } = broker;
  const [stuck, other] = [await testHome(broker), await testHome(broker)];
  for (const { householdId } of [stuck, other])
    await requestErasure(parts, householdId, { askedBy: 'operator', now: true });
  const failing = {
    ...parts.ledger,
    logId: parts.ledger.logId,
    appendWithin: parts.ledger.appendWithin.bind(parts.ledger),
    eraseSubject: (householdId: typeof stuck.householdId) =>
      householdId === stuck.householdId
        ? Promise.reject(new Error('no key store'))
        : parts.ledger.eraseSubject(householdId),
  };
  await eraseDue({ ...parts, ledger: failing as never });
  assert.equal(await findErasure(parts.db, other.householdId), null);
  assert.notEqual(await findErasure(parts.db, stuck.householdId), null);
  await eraseDue(parts);
  assert.equal(await findErasure(parts.db, stuck.householdId), null);
});

test('two erasures of one household at once are one', async () => {
  const { home } = await usedHome();
  const before = (await erasedEntries()).length;
  await requestErasure(broker.parts, home.householdId, { askedBy: 'operator', now: true });
  await Promise.all([1, 2, 3].map(() => eraseHousehold(broker.parts, home.householdId)));
  assert.equal((await erasedEntries()).length, before + 1);
});

test('rows go only once the ledger says so', async () => {
  const { home } = await usedHome();
  await assert.rejects(
    sql`select subject.erase(1::smallint, ${home.householdId})`.execute(broker.parts.db),
    /does not say that this household is erased/,
  );
});

test('a closed household gets no further entry, though its key is still in memory', async () => {
  const { home, read } = await usedHome();
  await requestErasure(broker.parts, home.householdId, { askedBy: 'operator', now: true });
  for (const [, close] of erasureSteps.slice(0, 1)) await close(broker.parts, home.householdId);
  const before = (await allEntries(broker.parts.db)).length;
  assert.notEqual((await read()).status, 200);
  assert.equal((await allEntries(broker.parts.db)).length, before);
});

test('without --now there is a week to think again, and nothing is due before', async () => {
  const { home } = await usedHome();
  const due = await requestErasure(broker.parts, home.householdId, { askedBy: 'householder' });
  assert.ok(Math.abs(due.getTime() - broker.parts.clock.nowMs() - 7 * 86_400_000) < 60_000);
  assert.equal((await listDueErasures(broker.parts.db, 10)).includes(home.householdId), false);
});

test('neither tables nor files nor exports nor the log of the server hold e-mail, address or key afterwards', async () => {
  const { home } = await usedHome();
  const key = (await subjectKey(home)) as Buffer;
  const entries = (await allEntries(broker.parts.db)).filter((entry) => 'commit' in entry).slice(-3);
  await requestErasure(broker.parts, home.householdId, { askedBy: 'operator', now: true });
  await eraseHousehold(broker.parts, home.householdId);

  const embedded = broker.parts.stores.embedded;
  assert.ok(embedded);
  for (const name of ['stabledoor_demo', 'stabledoor_demo_keys']) {
    const url = embedded.url('postgres', embedded.superuserPassword, name);
    const db = openDatabase<unknown>({ url, maxConnections: 1, statementTimeoutMs: 60_000 });
    await sql`vacuum full`.execute(db);
    await sql`checkpoint`.execute(db);
    await db.destroy();
  }
  const { rows } = await sql<{ folder: string }>`select current_setting('data_directory') as folder`.execute(
    openDatabase<unknown>({
      url: embedded.url('postgres', embedded.superuserPassword, 'postgres'),
      maxConnections: 1,
    }),
  );
  const secrets = [
    Buffer.from(home.email),
    key,
    Buffer.from(key.toString('hex')),
    Buffer.from(key.toString('base64')),
  ];
  const folder = rows[0]?.folder as string;
  for (const file of await files(folder)) {
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    for (const secret of secrets)
      assert.equal(bytes.includes(secret), false, `${file} holds ${secret.length} bytes of the erased`);
  }

  const lines: string[] = [];
  for await (const line of exportLog(broker.parts.db, { logId: 1, policies: [], to: 'newest' }))
    lines.push(formatExportLine(line));
  assert.equal(lines.join('\n').includes(home.email), false);
  const tags = entries.map((entry) => JSON.stringify(entry));
  for (let sseq = 0; sseq < 50; sseq += 1) {
    // Without the key a tag cannot be made again, whatever public value is tried in its place.
    for (const guess of [home.householdId, home.email, home.mpan, ''])
      assert.equal(
        tags.some((text) => text.includes(createHmac('sha256', guess).update(String(sseq)).digest('base64'))),
        false,
      );
  }
});

async function files(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  // The write-ahead log is overwritten in its own time, and is no table.
  return found
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('pg_wal'))
    .map((entry) => join(entry.parentPath, entry.name));
}
