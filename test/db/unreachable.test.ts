// What a caller is told to come back for (503), made by a real server each time, and what stays a fault of ours (500).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { openDatabase } from '../../src/db/database.ts';
import { isUnreachable } from '../../src/db/unreachable.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

async function errorOf(db: Kysely<never>, statement = 'select pg_sleep(3)'): Promise<unknown> {
  try {
    await sql.raw(statement).execute(db);
  } catch (error) {
    return error;
  } finally {
    await db.destroy();
  }
  return assert.fail('it answered');
}

const opened = (url: string, statementTimeoutMs = 5000) =>
  openDatabase<never>({ url, maxConnections: 1, statementTimeoutMs });

const superuserUrl = databases.superuserUrl(databases.name);

test('a database that takes too long does not answer', async () => {
  assert.ok(isUnreachable(await errorOf(opened(databases.urls.app, 100))));
});

test('a client that stops waiting for a database that is stuck has no answer either', async () => {
  const client = new pg.Client({ connectionString: databases.urls.app, query_timeout: 50 });
  await client.connect();
  const error = await client.query('select pg_sleep(1)').catch((caught: unknown) => caught);
  await client.end();
  assert.ok(isUnreachable(error), String(error));
});

test('a database that takes no more connections does not answer', async () => {
  const admin = opened(superuserUrl);
  await sql`create role crowded login password 'crowded' connection limit 0`.execute(admin);
  await sql`grant connect on database ${sql.id(databases.name)} to crowded`.execute(admin);
  const url = new URL(databases.urls.app);
  url.username = 'crowded';
  url.password = 'crowded';
  try {
    assert.ok(isUnreachable(await errorOf(opened(url.href))));
  } finally {
    await sql`drop owned by crowded`.execute(admin);
    await sql`drop role crowded`.execute(admin);
    await admin.destroy();
  }
});

test('a database that has become a standby takes no write, and that is no fault of the caller or of ours', async () => {
  const readOnly = 'begin read only; create table public.t (a int)';
  assert.ok(isUnreachable(await errorOf(opened(superuserUrl), readOnly)));
});

test('a statement that is wrong is a fault of ours', async () => {
  for (const wrong of ['select 1/0', 'select nothing', `select 'x'::int`])
    assert.equal(isUnreachable(await errorOf(opened(databases.urls.app), wrong)), false, wrong);
});
