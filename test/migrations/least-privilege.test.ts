// What each role that signs in may do, asked of the server for every table and function there is: a right that nobody
// meant to give fails here, whichever migration gave it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { urls } = databases;

const open = (url: string) => databases.open<unknown>(url, 1);
const broker = open(urls.owner);
const meters = open(urls.meterStoreOwner);
const keys = open(urls.subjectKeysOwner);

interface Right {
  readonly what: string;
}

/** `schema.table` for each table of ours on which the role has that right, if only on a column. */
async function tablesWith(db: Kysely<unknown>, role: string, right: string): Promise<string[]> {
  const onColumns = ['insert', 'update', 'select'].includes(right)
    ? sql`or has_any_column_privilege(${role}, c.oid, ${right})`
    : sql``;
  const { rows } = await sql<Right>`
    select n.nspname || '.' || c.relname as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and (has_table_privilege(${role}, c.oid, ${right}) ${onColumns}) order by 1`.execute(db);
  return rows.map(({ what }) => what);
}

const inSchema = (tables: readonly string[], schema: string) =>
  tables.filter((table) => table.startsWith(`${schema}.`));

test('the application writes to no table of the ledger, and removes or empties none of the house’s but what runs out', async () => {
  for (const right of ['insert', 'update', 'delete', 'truncate', 'trigger', 'references'])
    for (const schema of ['ledger', 'subject'])
      assert.deepEqual(inSchema(await tablesWith(broker, 'stabledoor_broker', right), schema), [], right);
  for (const right of ['truncate', 'trigger', 'references'])
    assert.deepEqual(await tablesWith(broker, 'stabledoor_broker', right), [], right);
  const removes = await tablesWith(broker, 'stabledoor_broker', 'delete');
  assert.deepEqual(
    removes.filter((table) => /^(consent|registry)\.|^household\.(household|occupier)/.test(table)),
    [],
  );
});

test('the regulator’s reader writes nothing, and does not see who anybody is', async () => {
  for (const right of ['insert', 'update', 'delete', 'truncate', 'trigger', 'references'])
    assert.deepEqual(await tablesWith(broker, 'stabledoor_auditor', right), [], right);
  const sees = await tablesWith(broker, 'stabledoor_auditor', 'select');
  assert.ok(sees.includes('ledger.entry'));
  assert.deepEqual(
    sees.filter((table) => /^(subject|household|oauth|notify)\./.test(table)),
    // Public keys, for whoever checks a token that an entry names; where a third party takes its notices.
    ['notify.receiver', 'oauth.signing_key'],
  );
});

test('whoever reads the meters writes to none, and whoever imports does not read as a broker does', async () => {
  for (const right of ['insert', 'update', 'delete', 'truncate'])
    assert.deepEqual(await tablesWith(meters, 'stabledoor_reader', right), [], right);
  assert.deepEqual(await tablesWith(meters, 'stabledoor_importer', 'truncate'), []);
  assert.deepEqual(await tablesWith(keys, 'stabledoor_key_keeper', 'update'), []);
});

test('no role that signs in is more than its part, and none can make anything', async () => {
  const { rows } = await sql<{ rolname: string }>`
    select r.rolname from pg_roles r where r.rolname like 'stabledoor%'
      and (r.rolsuper or r.rolbypassrls or r.rolreplication or (r.rolname <> 'stabledoor_owner' and (r.rolcreaterole or r.rolcreatedb)))`.execute(
    broker,
  );
  assert.deepEqual(rows, []);
  for (const [db, roles] of [
    [broker, ['stabledoor_broker', 'stabledoor_auditor']],
    [meters, ['stabledoor_reader', 'stabledoor_importer']],
    [keys, ['stabledoor_key_keeper']],
  ] as const)
    for (const role of roles) {
      const made = await sql<Right>`
        select n.nspname as what from pg_namespace n where has_schema_privilege(${role}, n.oid, 'create')
        union all select datname from pg_database where datname = current_database()
          and has_database_privilege(${role}, oid, 'create, temporary')`.execute(db);
      assert.deepEqual(made.rows, [], role);
      const { rows: owner } = await sql<{
        is: boolean;
      }>`select pg_has_role(${role}, 'stabledoor_owner', 'member') as is`.execute(db);
      assert.equal(owner[0]?.is, false, `${role} is no owner`);
    }
});

test('nobody runs a function of ours but whom it was given to, and a definer’s function looks nowhere else', async () => {
  for (const db of [broker, meters, keys]) {
    const { rows } = await sql<Right>`
      select p.oid::regprocedure::text as what from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and (exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)
          or (p.prosecdef and not coalesce(array_to_string(p.proconfig, ',') ~ 'search_path=(pg_catalog, pg_temp|"")(,|$)', false)))`.execute(
      db,
    );
    assert.deepEqual(rows, []);
  }
});
