// Migration 0037: the cosignatures that exports hold never change, none comes late for a smaller checkpoint, and the texts of
// entries are for readers of the ledger alone.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { checkpointFrom } from '../../src/ledger/ledger-store.ts';
import { newestWitnessed, putWitnessed } from '../../src/ledger/witnessed-store.ts';
import { testDatabases } from '../support/database.ts';
import { rawLog } from '../support/raw-log.ts';

const databases = await testDatabases();
const { app, audit, owner } = databases;
after(() => databases.close());

const log = await rawLog(app);
await log.growTo(10);
await log.growTo(20);
const line = (letter: string) => `\u2014 w.example ${letter.repeat(8)}\n`;
const witnessed = async () =>
  (
    await sql<{ size: number; note: string; first_note: string }>`
      select size, note, first_note from ledger.witnessed where log_id = 1 order by size`.execute(audit)
  ).rows;

test('a checkpoint that is cosigned anew keeps what it was first kept with', async () => {
  const { note } = (await checkpointFrom(app, 1, 20)) as { note: string };
  await putWitnessed(app, 1, 20, note + line('A'));
  await putWitnessed(app, 1, 20, note + line('B'));
  assert.deepEqual(await witnessed(), [{ size: 20, note: note + line('B'), first_note: note + line('A') }]);
});

test('a smaller checkpoint that is cosigned late is not kept', async () => {
  const { note } = (await checkpointFrom(app, 1, 10)) as { note: string };
  await putWitnessed(app, 1, 10, note + line('A'));
  assert.deepEqual(
    (await witnessed()).map(({ size }) => size),
    [20],
  );
  assert.equal((await newestWitnessed(app, 1))?.size, 20);
});

test('texts of entries are for the application and the regulator, and of whole ranges only', async () => {
  const texts = (db: typeof app, from: number, to: number) =>
    sql<{ entries: string | null }>`
      select ledger.entry_texts(1::smallint, ${from}::bigint, ${to}::bigint) as entries`
      .execute(db)
      .then(({ rows }) => rows[0]?.entries ?? null);
  const part = (await texts(app, 3, 7))?.split('\x7f') ?? [];
  assert.equal(part.length, 4);
  assert.ok(part.every((entry) => /^stabledoor\/entry\/v1\nidx [3-6]\n[\s\S]*\n$/.test(entry)));
  assert.equal((await texts(audit, 0, 20))?.split('\x7f').length, 20);
  assert.equal(await texts(app, 15, 25), null);
  const { rows } = await sql<{ may: boolean }>`
    select has_function_privilege('public', 'ledger.entry_texts(smallint, bigint, bigint)', 'execute') as may`.execute(
    owner,
  );
  assert.equal(rows[0]?.may, false);
});
