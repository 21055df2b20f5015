// Migration 0038: stored leaves and hashes of the tree that do not fit are named, at every look or by whoever looks at all.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import type { Database } from '../../src/db/database.ts';
import { findDamage } from '../../src/ledger/ledger-store.ts';
import { lookAtTree } from '../../src/ledger/tree-damage.ts';
import { testDatabases } from '../support/database.ts';
import { rawLog } from '../support/raw-log.ts';

const databases = await testDatabases();
const { app, audit } = databases;
after(() => databases.close());
const log = await rawLog(app);
await log.growTo(300);
const superuser: Database = databases.open(
  databases.superuserUrl(new URL(databases.urls.app).pathname.slice(1)),
  1,
);

class Undo extends Error {}
/** What is found after the change, which is undone again. */
async function foundAfter(
  change: string,
  logId = 1,
): Promise<{ atEveryLook: string | null; lookingAtAll: string | null }> {
  let found = { atEveryLook: null as string | null, lookingAtAll: null as string | null };
  await superuser
    .transaction()
    .execute(async (tx) => {
      await sql
        .raw(`set local session_replication_role = replica;
        alter table ledger.entry disable trigger never_changed;
        alter table ledger.entry_0 disable trigger never_changed; ${change};
        alter table ledger.entry enable always trigger never_changed;
        alter table ledger.entry_0 enable always trigger never_changed`)
        .execute(tx);
      found = { atEveryLook: await findDamage(tx, logId), lookingAtAll: await lookAtTree(tx, logId) };
      throw new Undo();
    })
    .catch((error) => assert.ok(error instanceof Undo, String(error)));
  return found;
}
const other = "decode(repeat('ab', 32), 'hex')";

test('a whole tree is found whole, by the application and by the regulator', async () => {
  for (const db of [app, audit])
    assert.deepEqual([await findDamage(db, 1), await lookAtTree(db, 1)], [null, null]);
});

test('at 300 entries: a leaf that is not its entry’s, and one that is, under a hash that is not', async () => {
  const leaf = await foundAfter(`update ledger.entry set leaf = ${other} where log_id = 1 and idx = 299`);
  assert.equal(leaf.lookingAtAll, 'entry 299 has another hash than was stored with it');
  const both =
    await foundAfter(`update ledger.entry set entry = entry || 'x', leaf = sha256('\\x00'::bytea || entry || 'x')
    where log_id = 1 and idx = 70`);
  const said = 'hash 0 of level 1 of the stored tree does not follow from those below it';
  assert.deepEqual(both, { atEveryLook: said, lookingAtAll: said });
});

test('a stored hash that is missing, added or changed is found at every look', async () => {
  for (const change of [
    'delete from ledger.tile_hash where log_id = 1',
    `insert into ledger.tile_hash (log_id, level, place, hash) values (1, 1, 1, ${other})`,
    `insert into ledger.tile_hash (log_id, level, place, hash) values (1, 2, 0, ${other})`,
  ])
    assert.match((await foundAfter(change)).atEveryLook ?? '', /^the stored tree has \d hashes of level \d/);
  const changed = await foundAfter(`update ledger.tile_hash set hash = ${other} where log_id = 1`);
  assert.match(changed.atEveryLook ?? '', /does not follow/);
});

test('at 65,537 entries: a hash of level 1 far from the edge, and the one of level 2', async () => {
  const { owner } = databases;
  await sql`select ledger.open_log(2::smallint, 'two.example', 'sandbox')`.execute(owner);
  await sql`insert into ledger.entry (log_id, idx, leaf, entry)
    select 2, i, sha256('\\x00'::bytea || i::text::bytea), i::text::bytea from generate_series(0, 65536) i`.execute(
    owner,
  );
  await sql`update ledger.head set size = 65537 where log_id = 2`.execute(owner);
  assert.equal(await lookAtTree(app, 2), null);
  const at = (level: number, place: number) =>
    `update ledger.tile_hash set hash = ${other} where log_id = 2 and level = ${level} and place = ${place}`;
  const said = (place: number, level: number) =>
    `hash ${place} of level ${level} of the stored tree does not follow from those below it`;
  assert.equal((await foundAfter(at(1, 9), 2)).lookingAtAll, said(0, 2));
  assert.equal((await foundAfter(at(2, 0), 2)).atEveryLook, said(0, 2));
  const fitting = await foundAfter(
    `update ledger.entry set entry = entry || 'x', leaf = sha256('\\x00'::bytea || entry || 'x')
      where log_id = 2 and idx = 70`,
    2,
  );
  assert.deepEqual(fitting, { atEveryLook: null, lookingAtAll: said(0, 1) });
});
