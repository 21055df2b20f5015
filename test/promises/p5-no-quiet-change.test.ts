// P5: the log cannot be quietly changed. The application's role cannot; the owner and a superuser can, and then
// verification or a checkpoint that somebody kept shows it. What the append functions refuse is in
// test/ledger/append-functions.test.ts, what verification finds in test/ledger/verify-*.test.ts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import type { Database } from '../../src/db/database.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import type { Verdict } from '../../src/ledger/verdict.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { listPolicies } from '../../src/policy/policy-store.ts';
import { bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, testHome } from '../support/journey.ts';

const databases = await testDatabases();
let broker: TestBroker;
before(async () => {
  broker = await testBroker({ databases });
  const party = await bareParty(broker);
  const token = await bareToken(broker, party, await testHome(broker));
  const query = { ...closedDay(broker), resolution: 'P1D' };
  for (let i = 0; i < 3; i++)
    assert.equal((await (await readyRead(broker, party, token, query))()).status, 200);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const ledgerTables = async (): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'ledger' order by 1`.execute(databases.owner);
  return rows.map(({ name }) => `ledger.${name}`);
};

for (const role of ['app', 'audit'] as const) {
  test(`as the ${role} role nothing in the ledger can be inserted, changed, removed or bent`, async () => {
    const tables = await ledgerTables();
    assert.ok(tables.includes('ledger.entry') && tables.includes('ledger.head'));
    for (const table of tables.map((name) => sql.table(name)))
      for (const attempt of [
        sql`insert into ${table} default values`,
        sql`delete from ${table}`,
        sql`truncate ${table}`,
        sql`alter table ${table} disable trigger all`,
        sql`drop table ${table}`,
      ])
        await assert.rejects(attempt.execute(databases[role]), /permission denied|must be owner/);
    for (const attempt of [
      'update ledger.entry set entry = entry',
      'update ledger.head set size = size - 1',
      'update ledger.clock_offset set offset_ms = 1',
      `update ledger.guard set function = 'pg_catalog.now'`,
      'create function ledger.mine() returns int language sql return 1',
      'create or replace function ledger.now_ms() returns bigint language sql return 1',
      'set session_replication_role = replica',
      'set role stabledoor_owner',
    ])
      await assert.rejects(
        sql.raw(attempt).execute(databases[role]),
        /permission denied|must be owner/,
        attempt,
      );
  });
}

const triggersOff = `do $$ declare name regclass; begin
  for name in select oid from pg_class where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'p') loop
    execute format('alter table %s disable trigger all', name);
  end loop; end $$`;

class Undo extends Error {}

/** The verdict on what a superuser made of the log, with every trigger off; it is undone again. */
async function verdictAfter(change: string, checkpoints: readonly string[] = []): Promise<Verdict> {
  const name = new URL(databases.urls.app).pathname.slice(1);
  const db: Database = databases.open(databases.superuserUrl(name), 1);
  const { ledger } = broker.parts;
  const policies = await listPolicies(databases.app, ledger.logId);
  let verdict: Verdict | null = null;
  await db
    .transaction()
    .execute(async (tx) => {
      await sql.raw(`${triggersOff}; ${change}`).execute(tx);
      const lines = exportLog(tx, { logId: ledger.logId, policies, to: 'newest' });
      verdict = await verifyLog(lines, { ...nodeCrypto, keys: [ledger.verifierKey], checkpoints });
      throw new Undo();
    })
    .catch((error) => assert.ok(error instanceof Undo, String(error)));
  return verdict as unknown as Verdict;
}

const resolutionChanged = `update ledger.entry set entry = convert_to(replace(convert_from(entry, 'UTF8'),
  '"resolution":"P1D"', '"resolution":"P1M"'), 'UTF8') where idx = (select max(idx) from ledger.entry)`;

for (const [what, change] of [
  ['changes one word of an entry', resolutionChanged],
  [
    'changes an entry and its stored hash',
    `${resolutionChanged}; update ledger.entry set leaf = sha256('\\x00' || entry)`,
  ],
  ['takes an entry out', 'delete from ledger.entry where idx = 3'],
  [
    'puts another entry in an entry’s place',
    'update ledger.entry e set entry = o.entry, leaf = o.leaf from ledger.entry o where e.idx = 4 and o.idx = 5',
  ],
] as const) {
  test(`a superuser who ${what} is found, with the index`, async () => {
    const { sound, violations } = await verdictAfter(change);
    assert.equal(sound, false);
    assert.ok(
      violations.some(({ index }) => index !== null && index >= 3),
      JSON.stringify(violations),
    );
  });
}

test('a log cut short in every table is found by a checkpoint that somebody kept', async () => {
  const { note } = await databases.app
    .selectFrom('ledger.checkpoint')
    .select('note')
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const cut = `delete from ledger.checkpoint where size > 5; delete from ledger.entry where idx >= 5;
    update ledger.head set size = 5`;
  assert.equal((await verdictAfter('select 1', [note])).sound, true, 'as it is');
  assert.equal((await verdictAfter(cut, [note])).sound, false);
});
