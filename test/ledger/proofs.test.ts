import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { Store } from '../../src/db/database.ts';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { emptyRoot, rootOfLeaves } from '../../src/ledger/merkle.ts';
import {
  consistencyProof,
  inclusionProof,
  verifyGrowth,
  verifyInclusion,
} from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { FalseProof, proveConsistency, proveInclusion, rootAt } from '../../src/ledger/proofs.ts';
import { runRoot } from '../../src/ledger/tile.ts';
import { StoredTreeFault } from '../../src/ledger/tile-store.ts';
import { putWitnessed } from '../../src/ledger/witnessed-store.ts';
import type { StabledoorError } from '../../src/lib/errors.ts';
import { testDatabases } from '../support/database.ts';
import { type RawLog, rawLog } from '../support/raw-log.ts';
import { hex } from './vectors.ts';

const databases = await testDatabases();
const { app, owner } = databases;
let log: RawLog;
before(async () => {
  log = await rawLog(app);
});
after(() => databases.close());

/** Where tiles begin, end and overflow, at each level that a test can reach. */
const sizes = [1, 2, 3, 254, 255, 256, 257, 258, 511, 512, 513, 65_535, 65_536, 65_537];
type Proof = (db: Store) => Promise<unknown>;
const code = (wanted: string) => (error: StabledoorError) => error.code === wanted;

async function checkInclusion(index: number, size: number, pure: boolean): Promise<void> {
  const proof = await proveInclusion(app, log.logId, index, size);
  assert.equal(hex(proof.leaf), hex(log.leaves[index] as Uint8Array));
  assert.equal(verifyInclusion({ ...proof, proof: proof.hashes }, sha256), true, `${index} in ${size}`);
  if (!pure) return;
  const tree = log.leaves.slice(0, size);
  assert.equal(hex(proof.root), hex(rootOfLeaves(tree, sha256)));
  assert.deepEqual(proof.hashes.map(hex), inclusionProof(tree, index, sha256).map(hex));
}

async function checkConsistency(from: number, to: number, pure: boolean): Promise<void> {
  const { fromRoot: root1, toRoot: root2, hashes } = await proveConsistency(app, log.logId, from, to);
  const claim = { size1: from, size2: to, root1, root2, proof: hashes };
  assert.equal(verifyGrowth(claim, sha256), true, `${from} to ${to}`);
  if (pure && from > 0)
    assert.deepEqual(hashes.map(hex), consistencyProof(log.leaves.slice(0, to), from, sha256).map(hex));
}

test('an empty log has the empty root, and nothing to prove but that', async () => {
  assert.equal(hex(await rootAt(app, log.logId, 0)), hex(emptyRoot(sha256)));
  assert.deepEqual((await proveConsistency(app, log.logId, 0)).hashes, []);
  await assert.rejects(proveInclusion(app, log.logId, 0), code('beyond_ledger'));
  await assert.rejects(proveConsistency(app, log.logId, 0, 1), code('beyond_ledger'));
});

for (const size of sizes)
  test(`a log that has just reached ${size} proves its entries, and that it grew out of every size before`, async () => {
    await log.growTo(size);
    const spots = new Set([0, 1, 253, 254, 255, 256, 257, size - 257, size - 256, size - 2, size - 1]);
    for (const index of spots) if (index >= 0 && index < size) await checkInclusion(index, size, size < 1000);
    for (const from of [0, ...sizes]) if (from <= size) await checkConsistency(from, size, size < 1000);
  });

describe('of a log of 65,537 entries', () => {
  test('every smaller tree is proven too, though no checkpoint was signed for it', async () => {
    for (let size = 1; size < 65_537; size = size * 2 + 3) {
      await checkInclusion(Math.floor(size / 3), size, size < 1000);
      await checkConsistency(Math.ceil(size / 2), size, size < 1000);
      assert.equal(
        hex(await rootAt(app, log.logId, size)),
        hex(rootOfLeaves(log.leaves.slice(0, size), sha256)),
      );
    }
  });

  test('a proof at a size that a batch ended at comes with its signed checkpoint, at another with none', async () => {
    const { checkpoint, root } = await proveInclusion(app, log.logId, 5, 513);
    const trust = { origin: log.origin, logKeys: [log.signer.key] };
    const opened = await openCheckpoint(checkpoint as string, trust, nodeCrypto);
    assert.deepEqual([opened.size, hex(opened.root)], [513, hex(root)]);
    assert.equal((await proveInclusion(app, log.logId, 5, 514)).checkpoint, null);
  });

  test('where witnesses have cosigned, the checkpoint of a proof carries their lines', async () => {
    const note = (await proveInclusion(app, log.logId, 5, 512)).checkpoint as string;
    const cosigned = `${note}— witness.example/w1 AAAAAAAA\n`;
    await putWitnessed(app, log.logId, 512, cosigned);
    assert.equal((await proveInclusion(app, log.logId, 5, 512)).checkpoint, cosigned);
    assert.equal((await proveConsistency(app, log.logId, 3, 512)).checkpoint, cosigned);
  });

  test('what lies beyond it, or upside down, is refused by name', async () => {
    await assert.rejects(proveInclusion(app, log.logId, 0, 65_538), code('beyond_ledger'));
    await assert.rejects(proveInclusion(app, log.logId, 65_537), code('beyond_ledger'));
    await assert.rejects(proveInclusion(app, log.logId, 300, 300), code('invalid_request'));
    await assert.rejects(proveConsistency(app, log.logId, 301, 300), code('invalid_request'));
    await assert.rejects(proveConsistency(app, log.logId, 1, 65_538), code('beyond_ledger'));
  });

  test('the stored hashes are those of the leaves, one for each full run of 256 and of 65,536', async () => {
    const rows = await app
      .selectFrom('ledger.tile_hash')
      .select(['level', 'place', 'hash'])
      .orderBy('level')
      .orderBy('place')
      .execute();
    const blocks = Array.from({ length: 256 }, (_, i) =>
      runRoot(log.leaves.slice(i * 256, i * 256 + 256), sha256),
    );
    assert.deepEqual(
      rows.map(({ level, place, hash }) => `${level} ${place} ${hex(hash)}`),
      [...blocks.map((hash, i) => `1 ${i} ${hex(hash)}`), `2 0 ${hex(runRoot(blocks, sha256))}`],
    );
  });

  test('the owner makes them anew from the leaves, and they are the same', async () => {
    const stored = () =>
      sql`select level, place, encode(hash, 'hex') as hash from ledger.tile_hash order by level, place`
        .execute(owner)
        .then(({ rows }) => rows);
    const before = await stored();
    await sql`update ledger.tile_hash set hash = sha256('x')`.execute(owner);
    await sql`select ledger.rebuild_tile_hashes(${log.logId}::smallint)`.execute(owner);
    assert.deepEqual(await stored(), before);
  });

  for (const statement of [
    `insert into ledger.tile_hash (log_id, level, place, hash) values (1, 1, 256, sha256('x'))`,
    `update ledger.tile_hash set hash = sha256('x')`,
    `delete from ledger.tile_hash`,
    `truncate ledger.tile_hash`,
    `select ledger.rebuild_tile_hashes(1::smallint)`,
    `select ledger.add_full_runs(1::smallint, 0, 256)`,
  ])
    test(`the application role may not: ${statement.slice(0, 40)}`, async () => {
      await assert.rejects(sql.raw(statement).execute(app), /permission denied/);
    });

  test('a stored hash that someone changed, or took away, gives a fault and no proof', async () => {
    const inAll = (db: Store) => proveInclusion(db, log.logId, 70, 65_537);
    const tampered = (
      change: string,
      error: typeof FalseProof | typeof StoredTreeFault,
      proof: Proof = inAll,
    ) =>
      assert.rejects(
        owner.transaction().execute(async (tx) => {
          await sql`alter table ledger.entry disable trigger never_changed`.execute(tx);
          await sql.raw(change).execute(tx);
          await assert.rejects(proof(tx), error);
          throw new Error('rolled back');
        }),
        /rolled back/,
      );
    await tampered(
      `update ledger.tile_hash set hash = sha256('x') where level = 1 and place = 9`,
      FalseProof,
    );
    await tampered(`update ledger.entry set leaf = sha256('x') where idx = 71`, FalseProof);
    await tampered(`update ledger.entry set leaf = sha256('x') where idx = 70`, FalseProof);
    // A tree of leaves alone hangs together whatever they are: only its checkpoint tells.
    const changed = `update ledger.entry set leaf = sha256('x') where idx = 71`;
    await tampered(changed, FalseProof, (db) => proveInclusion(db, log.logId, 70, 254));
    await tampered(changed, FalseProof, (db) => proveConsistency(db, log.logId, 3, 254));
    await tampered(changed, FalseProof, (db) => proveConsistency(db, log.logId, 254, 255));
    await tampered(`delete from ledger.tile_hash where level = 1 and place = 9`, StoredTreeFault);
    await tampered(`delete from ledger.entry where idx = 71`, StoredTreeFault);
  });
});

test('each log has hashes of its own', async () => {
  const other = await rawLog(app, 2);
  await other.growTo(300);
  const proof = await proveInclusion(app, 2, 299);
  assert.equal(hex(proof.root), hex(rootOfLeaves(other.leaves, sha256)));
  assert.notEqual(hex(proof.root), hex(await rootAt(app, 1, 300)));
});
