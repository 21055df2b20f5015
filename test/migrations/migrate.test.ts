// Migrations apply once, however often and by however many processes they are run, and what is missing can be asked for.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../../src/db/database.ts';
import { migrate, pendingMigrations } from '../../src/db/migrate.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
const name = `test_${randomBytes(6).toString('hex')}`;
const admin = databases.open<unknown>(databases.superuserUrl('postgres'), 1);
await sql`create database ${sql.id(name)} owner stabledoor_owner`.execute(admin);
const url = new URL(databases.urls.owner);
url.pathname = `/${name}`;
const open = (): Kysely<unknown> => openDatabase<unknown>({ url: url.href, maxConnections: 2 });
const opened = [open(), open()] as const;
after(async () => {
  await Promise.all(opened.map((db) => db.destroy()));
  await sql`drop database if exists ${sql.id(name)} with (force)`.execute(admin);
  await databases.close();
});

test('two who migrate at once apply each migration once, in order, and a further run applies none', async () => {
  const [one, other] = opened;
  const all = await pendingMigrations(one, 'broker').catch(() => null);
  const applied = await Promise.all([migrate(one, 'broker'), migrate(other, 'broker')]);
  const names = applied.flat();
  assert.deepEqual(names, [...names].sort());
  assert.equal(new Set(names).size, names.length);
  assert.equal(names[0], '0001-clock');
  assert.equal(names[1], '0002-ledger');
  if (all !== null) assert.deepEqual(names, all);
  assert.deepEqual(await migrate(one, 'broker'), []);
  assert.deepEqual(await pendingMigrations(one, 'broker'), []);
});

test('the application sees how far the database has come, and cannot say otherwise', async () => {
  assert.deepEqual(await pendingMigrations(databases.app as unknown as Kysely<unknown>, 'broker'), []);
  await assert.rejects(
    sql`insert into stabledoor.migration (name, timestamp) values ('9999-mine', '')`.execute(databases.app),
    /permission denied/,
  );
});
