// Migration 0008: what may be stored as a witnessed checkpoint, and by whom.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { newestWitnessed, putWitnessed } from '../../src/ledger/witnessed-store.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});

test('the database stores cosignatures of its own checkpoints only', async () => {
  const { size: newestSize, note } = (await latestCheckpoint(databases.app, 1)) as {
    size: number;
    note: string;
  };
  const line = '\u2014 w.example AAAAAAAA\n';
  await putWitnessed(databases.app, 1, newestSize, note + line);
  assert.equal((await newestWitnessed(databases.audit, 1))?.note, note + line);
  for (const [at, bent] of [
    [newestSize, note],
    [newestSize, `${note}${line}x`],
    [newestSize, `x${note}${line}`],
    [newestSize, `${note.slice(0, -2)}A\n${line}`],
    [newestSize + 1, note + line],
  ] as const)
    await assert.rejects(putWitnessed(databases.app, 1, at, bent), /not of the checkpoint/);
  await assert.rejects(sql`delete from ledger.witnessed`.execute(databases.app), /permission denied/);
  await assert.rejects(
    sql`insert into ledger.witnessed values (1, 1, 'x', ledger.now())`.execute(databases.app),
    /permission denied/,
  );
});
