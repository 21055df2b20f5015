import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { up } from '../../migrations/0007-tile-hash.ts';
import { rootOfLeaves } from '../../src/ledger/merkle.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { proveInclusion } from '../../src/ledger/proofs.ts';
import { testDatabases } from '../support/database.ts';
import { rawLog } from '../support/raw-log.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;

test('logs that are older than the stored hashes get theirs, and go on from there', async () => {
  await sql`
    drop trigger tile_hashes on ledger.head;
    drop function ledger.head_grew(), ledger.rebuild_tile_hashes(smallint), ledger.run_root(bytea),
      ledger.add_full_runs(smallint, bigint, bigint);
    drop table ledger.tile_hash`.execute(owner);
  const logs = [await rawLog(app, 1), await rawLog(app, 2), await rawLog(app, 3)];
  await logs[0]?.growTo(700);
  await logs[1]?.growTo(255);
  await up(owner as unknown as Kysely<unknown>);
  const stored = await app
    .selectFrom('ledger.tile_hash')
    .select(['log_id', 'level', 'place'])
    .orderBy('log_id')
    .orderBy('place')
    .execute();
  assert.deepEqual(stored, [
    { log_id: 1, level: 1, place: 0 },
    { log_id: 1, level: 1, place: 1 },
  ]);
  for (const log of logs) {
    await log.growTo(1025);
    const { root } = await proveInclusion(app, log.logId, 3);
    assert.deepEqual(Buffer.from(root), Buffer.from(rootOfLeaves(log.leaves, sha256)));
  }
});

test('the regulator’s reader sees the stored hashes', async () => {
  const rows = await databases.audit.selectFrom('ledger.tile_hash').select('place').execute();
  assert.equal(rows.length, 12);
});
