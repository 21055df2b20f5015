// Who can change what is written: nobody by the application's role, nobody by mistake; and what an owner or a superuser
// does on purpose is found at the next start or by verification. One row for each way that is known.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { databasesOf } from '../../src/db/provision.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { findDamage } from '../../src/ledger/ledger-store.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
const superuser: Kysely<unknown> = databases.open(databases.superuserUrl(databasesOf(databases.name).broker));
before(async () => {
  const household = await ledger.household();
  const body = { kind: 'meter-point.linked', actor: 'operator' } as const;
  const personal = { meter_point: '1012345678901' };
  for (let i = 0; i < 5; i += 1)
    await ledger.append({ req: newRequestId(), householdId: household, body, personal });
});
after(async () => {
  await ledger.close();
  await databases.close();
});

const tables = ['ledger.entry', 'ledger.entry_0', 'ledger.checkpoint'];
const changes = tables.flatMap((table) => [
  `update ${table} set log_id = 2`,
  `delete from ${table}`,
  `truncate ${table}`,
]);

for (const change of changes) {
  test(`the application's role may not ${change}`, async () => {
    await assert.rejects(sql.raw(change).execute(databases.app), /permission denied/);
  });
  test(`the owner is refused: ${change}`, async () => {
    await assert.rejects(sql.raw(change).execute(databases.owner), /what is written stays/);
  });
  test(`a superuser who silences ordinary triggers is refused: ${change}`, async () => {
    await assert.rejects(
      superuser.connection().execute(async (db) => {
        await sql`set session_replication_role = replica`.execute(db);
        try {
          await sql.raw(change).execute(db);
        } finally {
          await sql`reset session_replication_role`.execute(db);
        }
      }),
      /what is written stays/,
    );
  });
}

for (const change of [
  'insert into ledger.entry (log_id, idx, leaf, entry) select log_id, 99, leaf, entry from ledger.entry where idx = 1',
  'alter table ledger.entry detach partition ledger.entry_0',
  'drop table ledger.entry_0',
  'alter table ledger.entry disable trigger never_changed',
  'create trigger mine before insert on ledger.entry for each row execute function ledger.refuse_change()',
  'set session_replication_role = replica',
  "insert into ledger.entry_partition (name, first_idx, end_idx) values ('mine', 1, 2)",
]) {
  test(`the application's role may not ${change.slice(0, 60)}`, async () => {
    await assert.rejects(sql.raw(change).execute(databases.app), /permission denied|must be owner/);
  });
}

/** Each is undone again, so that the next finds the log whole. */
const found: [string, string, string, RegExp][] = [
  [
    'a partition that was detached',
    'alter table ledger.entry detach partition ledger.entry_0',
    'alter table ledger.entry attach partition ledger.entry_0 for values from (0) to (4194304)',
    /entry_0 are not attached/,
  ],
  [
    'a trigger that was switched off',
    'alter table ledger.entry_0 disable trigger never_changed',
    'alter table ledger.entry_0 enable always trigger never_changed',
    /entry_0.never_changed are not always on/,
  ],
  [
    'a trigger that was dropped',
    'drop trigger never_truncated on ledger.entry_0',
    `select ledger.guard_partition('entry_0')`,
    /can be truncated/,
  ],
  [
    'a head that was set back',
    'update ledger.head set size = size - 1',
    'update ledger.head set size = size + 1',
    /the head says 5 entries and the last one is 5/,
  ],
];
for (const [what, change, undo, finding] of found) {
  test(`${what} is found at the next start`, async () => {
    assert.equal(await findDamage(databases.app, 1), null);
    await sql.raw(change).execute(databases.owner);
    try {
      assert.match((await findDamage(databases.app, 1)) ?? '', finding);
    } finally {
      await sql.raw(undo).execute(databases.owner);
    }
    assert.equal(await findDamage(databases.app, 1), null);
  });
}

test('room for the next entries is made half a partition ahead, guarded like the first', async () => {
  await sql`select ledger.add_partition(4194304)`.execute(databases.owner);
  await sql`select ledger.add_partition(4194304)`.execute(databases.owner);
  assert.equal(await findDamage(databases.app, 1), null);
  for (const change of ['truncate ledger.entry_1', 'drop trigger never_changed on ledger.entry_1'])
    await assert.rejects(sql.raw(change).execute(databases.owner));
  const rows = await sql`select count(*) from ledger.entry_1`.execute(databases.app);
  assert.equal(rows.rows.length, 1);
});

test('an owner who switches the triggers off and changes an entry is found by verification', async () => {
  await sql`alter table ledger.entry_0 disable trigger never_changed`.execute(databases.owner);
  await sql`update ledger.entry set entry = convert_to(replace(convert_from(entry, 'UTF8'), 'operator', 'broker'), 'UTF8')
    where idx = 3`.execute(databases.owner);
  await sql`alter table ledger.entry_0 enable always trigger never_changed`.execute(databases.owner);
  const lines = exportLog(databases.app, { logId: 1, policies: [], to: 'newest' });
  const verdict = await verifyLog(lines, { ...nodeCrypto, keys: [ledger.verifierKey] });
  assert.equal(verdict.sound, false);
  assert.equal(verdict.violations[0]?.index, 4, 'the entry after it no longer links');
});
