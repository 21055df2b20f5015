// Statements that come again and again are planned once a connection; what varies does not fill the server with plans.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { keptStatements } from '../../src/db/kept-statements.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

test('a text gets its name when it comes for the fifth time, and keeps it', () => {
  const kept = keptStatements();
  const names = Array.from({ length: 8 }, () => kept.nameOf('select $1'));
  assert.deepEqual(names.slice(0, 4), [null, null, null, null]);
  assert.match(names[4] ?? '', /^kept \. [0-9a-f]{16}$/);
  assert.equal(new Set(names.slice(4)).size, 1);
  assert.equal(keptStatements().nameOf('select $1'), null);
});

test('the name says what the statement calls or reads, within what PostgreSQL keeps of a name', () => {
  const kept = keptStatements();
  const fifth = (text: string) => Array.from({ length: 5 }, () => kept.nameOf(text)).at(-1) ?? '';
  assert.match(fifth('select size from ledger.open_batch($1)'), /^kept ledger\.open_batch [0-9a-f]{16}$/);
  assert.match(fifth('select "c"."state" from "consent"."consent" as "c" where $1'), /^kept c\.state /);
  assert.ok(fifth(`select ${'x'.repeat(80)}.${'y'.repeat(80)}($1)`).length <= 63);
});

test('once there are as many names as there is room for, no other text gets one', () => {
  const kept = keptStatements(3);
  for (let i = 0; i < 50; i++) for (let use = 0; use < 10; use++) kept.nameOf(`select $1, ${i}`);
  assert.ok(kept.nameOf('select $1, 0'));
  assert.equal(kept.nameOf('select $1, 49'), null);
});

test('the server holds one plan a connection, with its parameters, errors and transactions as before', async () => {
  const db = databases.open<unknown>(databases.urls.app, 1) as Kysely<unknown>;
  const add = async (one: number, other: number) =>
    (await sql<{ sum: number }>`select ${one}::int + ${other}::int as sum`.execute(db)).rows[0]?.sum;
  for (let i = 0; i < 20; i++) assert.equal(await add(i, 1), i + 1);
  const divide = (by: number) => sql`select 1 / ${by}::int`.execute(db);
  for (let i = 0; i < 10; i++) await assert.rejects(divide(0), /division by zero/);
  await divide(1);
  await assert.rejects(
    db.transaction().execute(async (tx) => {
      for (let i = 0; i < 10; i++) await sql`select ${i}::int`.execute(tx);
      await sql`select 1 / ${0}::int`.execute(tx);
    }),
    /division by zero/,
  );
  assert.equal(await add(2, 2), 4);
  const { rows } = await sql<{ statement: string; count: number }>`
    select statement, count(*) as count from pg_prepared_statements group by statement`.execute(db);
  assert.ok(rows.some(({ statement }) => /\$1::int \+ \$2::int as sum/.test(statement)));
  assert.ok(rows.every(({ count }) => Number(count) === 1));
});
