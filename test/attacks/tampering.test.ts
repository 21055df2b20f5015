// What a superuser can do to a log, without the log's key and with it, and who finds it: verification alone, a checkpoint
// that somebody kept, or a witness that is asked to sign what comes next. The table says which.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import type { Database, Store } from '../../src/db/database.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import { assembleEntry, genesisPrev, parseEntry } from '../../src/ledger/entry.ts';
import { sealBody } from '../../src/ledger/entry-body.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { latestCheckpoint, readEntries } from '../../src/ledger/ledger-store.ts';
import { leafHash, pushLeaf, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { proveConsistency } from '../../src/ledger/proofs.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { formatAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { requestOf } from '../ledger/small-log.ts';
import { testDatabases } from '../support/database.ts';
import { type RawBody, rawLog } from '../support/raw-log.ts';
import { setBack } from '../support/set-back.ts';
import { policyOf, startWitness, type TestWitness } from '../support/witness.ts';

/** Bodies that a verifier takes: the log is opened, and reads that a store numbered ended in nothing. */
const bodyAt: RawBody = ({ origin, signer }, index) =>
  index === 0
    ? sealBody(
        { kind: 'log.opened', actor: 'broker', mode: 'sandbox', origin, key: signer.key.text },
        requestOf(0),
      )
    : sealBody({ kind: 'read.dropped', actor: 'broker', store_read: `1/${index}` }, requestOf(index));

const databases = await testDatabases();
const superuser: Database = databases.open(databases.superuserUrl(databases.name), 1);
const log = await rawLog(databases.app, 1, 'tampered.example/ledger', bodyAt);
/** What a witness signed last, and somebody kept. */
const keptSize = 250;
let kept: string;
let witness: TestWitness;
let cosignedSize = keptSize;
before(async () => {
  // Batches end here, so that there is a signed checkpoint to cut the log back to.
  for (const size of [200, keptSize]) await log.growTo(size);
  kept = (await latestCheckpoint(databases.app, 1))?.note as string;
  await log.growTo(300);
  witness = await startWitness(policyOf(`log ${log.signer.key.text}`, 'quorum none'));
  const seen = await witness.submit(formatAddCheckpoint({ oldSize: 0, proof: [], note: kept }));
  assert.equal(seen.status, 200, seen.body);
});
after(async () => {
  await witness.stop();
  await databases.close();
});

class Undo extends Error {}
const finders = ['verification', 'a kept checkpoint', 'a witness'] as const;
type Finder = (typeof finders)[number];

const triggersOff = `do $$ declare name regclass; begin
  for name in select oid from pg_class where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'p') loop
    execute format('alter table %s disable trigger all', name);
  end loop; end $$`;

/** Who finds it; the log is then as it was. */
async function findersOf(
  tamper: (tx: Kysely<unknown>) => Promise<unknown>,
  asked: readonly Finder[] = finders,
): Promise<Finder[]> {
  const found: Finder[] = [];
  await superuser
    .transaction()
    .execute(async (tx) => {
      await sql.raw(triggersOff).execute(tx);
      await tamper(tx as unknown as Kysely<unknown>);
      const doubts = {
        verification: async () => !(await isSound(tx, [])),
        'a kept checkpoint': async () => !(await isSound(tx, [kept])),
        'a witness': async () => !(await isCosigned(tx)),
      };
      for (const finder of asked) if (await doubts[finder]()) found.push(finder);
      throw new Undo();
    })
    .catch((error) => {
      if (!(error instanceof Undo)) throw error;
    });
  return found;
}

async function isSound(db: Store, checkpoints: readonly string[]): Promise<boolean> {
  const lines = exportLog(db, { logId: 1, policies: [], to: 'newest' });
  return (await verifyLog(lines, { ...nodeCrypto, keys: [log.signer.key.text], checkpoints })).sound;
}

/** Whether the witness would sign the newest checkpoint; a broker that cannot prove it has nothing to submit. */
async function isCosigned(db: Store): Promise<boolean> {
  const newest = await latestCheckpoint(db, 1);
  assert.ok(newest);
  const oldSize = Math.min(cosignedSize, newest.size);
  try {
    const { hashes: proof } = await proveConsistency(db, 1, oldSize, newest.size);
    const { status } = await witness.submit(formatAddCheckpoint({ oldSize, proof, note: newest.note }));
    if (status === 200) cosignedSize = newest.size;
    return status === 200;
  } catch {
    return false;
  }
}

/** With the log's key as well: other entries from an index on, chained, hashed and signed as the log itself would. */
async function rewrite(tx: Kysely<unknown>, bodies: readonly string[], timeMs: number): Promise<void> {
  const frontier: Uint8Array[] = [];
  const leaves: Uint8Array[] = [];
  let prev = genesisPrev(log.origin, sha256);
  const entries = bodies.map((body, index) => {
    const text = utf8(assembleEntry({ index, prev, timeMs, stag: null }, body));
    const leaf = leafHash(text, sha256);
    prev = encodeBase64(leaf);
    pushLeaf(frontier, index, leaf, sha256);
    leaves.push(leaf);
    return { log_id: 1, idx: index, leaf: Buffer.from(leaf), entry: Buffer.from(text) };
  });
  const size = entries.length;
  const note = log.signer.signNote(
    formatCheckpoint({ origin: log.origin, size, root: rootOfLeaves(leaves, sha256) }),
  );
  const db = tx as unknown as Database;
  await sql`delete from ledger.entry; delete from ledger.checkpoint`.execute(tx);
  await db.insertInto('ledger.entry').values(entries).execute();
  await db.insertInto('ledger.checkpoint').values({ log_id: 1, size, note }).execute();
  await sql`update ledger.head set size = ${size}, tip = ${leaves.at(-1)}, frontier = ${frontier}`.execute(
    tx,
  );
  await sql`select ledger.rebuild_tile_hashes(1::smallint)`.execute(tx);
}

async function bodies(): Promise<string[]> {
  const texts = await Array.fromAsync(readEntries(databases.app, 1, 0, 300));
  return texts.map((text) => parseEntry(text).body);
}
const timeOfAll = async () => {
  const [last] = await Array.fromAsync(readEntries(databases.app, 1, 299, 300));
  return parseEntry(last as string).timeMs;
};

const oneByte = (index: number) => `update ledger.entry set entry = overlay(entry placing '\\x32'::bytea
  from octet_length(entry) - 4 for 1) where idx = ${index}`;
const andItsLeaf = (index: number) =>
  `${oneByte(index)}; update ledger.entry set leaf = sha256('\\x00'::bytea || entry) where idx = ${index}`;
const inSql = (statements: string) => (tx: Kysely<unknown>) => sql.raw(statements).execute(tx);

const attacks: [what: string, tamper: (tx: Kysely<unknown>) => Promise<unknown>, found: Finder[]][] = [
  ['one byte of an entry changed', inSql(oneByte(70)), ['verification', 'a kept checkpoint']],
  [
    'an entry and its place in the level-0 tile changed together',
    inSql(andItsLeaf(70)),
    ['verification', 'a kept checkpoint', 'a witness'],
  ],
  [
    'the last entry and its place in the tile changed together',
    inSql(andItsLeaf(299)),
    ['verification', 'a kept checkpoint', 'a witness'],
  ],
  [
    'two entries swapped',
    inSql(`update ledger.entry e set entry = o.entry, leaf = o.leaf from ledger.entry o
      where (e.idx, o.idx) in ((40, 41), (41, 40))`),
    ['verification', 'a kept checkpoint', 'a witness'],
  ],
  [
    'the tail cut, and the head mended to agree',
    (tx) => setBack(tx, 1, 200),
    ['a kept checkpoint', 'a witness'],
  ],
  [
    'the middle cut, chained again and signed with the log’s own key',
    async (tx) => {
      const all = await bodies();
      await rewrite(tx, [...all.slice(0, 100), ...all.slice(110)], await timeOfAll());
    },
    ['a kept checkpoint', 'a witness'],
  ],
  [
    'another history of the same length, signed with the log’s own key and shown to somebody else',
    async (tx) => {
      const other = sealBody({ kind: 'read.dropped', actor: 'broker', store_read: '1/240' }, requestOf(999));
      await rewrite(tx, (await bodies()).with(240, other), await timeOfAll());
    },
    ['a kept checkpoint', 'a witness'],
  ],
];

describe('at 300 entries', () => {
  for (const [what, tamper, found] of attacks)
    test(`${what}: found by ${found.join(', ')}`, async () => {
      // A witness that finds nothing signs, and then knows this log as it is not: it is asked where it must refuse.
      const asked = found.includes('a witness') ? finders : finders.slice(0, 2);
      assert.deepEqual(await findersOf(tamper, asked), found);
    });

  test('a log that nobody touched is found sound by all of them', async () => {
    assert.deepEqual(await findersOf(async () => {}), []);
  });
});

describe('at 65,537 entries, where a hash of level 2 stands over all but one', () => {
  before(() => log.growTo(65_537));

  for (const index of [70, 65_536])
    test(`entry ${index} and its place in the level-0 tile changed together: found by verification`, async () => {
      assert.deepEqual(await findersOf(inSql(andItsLeaf(index)), ['verification']), ['verification']);
    });

  test('and where the hashes above are made to fit, a witness finds it as well', async () => {
    const fitting = `${andItsLeaf(70)}; select ledger.rebuild_tile_hashes(1::smallint)`;
    assert.deepEqual(await findersOf(inSql(fitting), ['verification', 'a witness']), [
      'verification',
      'a witness',
    ]);
  });

  test('which signs what nobody touched', async () => {
    assert.deepEqual(await findersOf(async () => {}, ['a witness']), []);
  });
});
