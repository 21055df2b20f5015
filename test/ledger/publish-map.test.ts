// The map of tags as a broker publishes it: what a verifier makes anew, no head held meanwhile, no two of it at once.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { exportLog } from '../../src/ledger/export.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { publishMap } from '../../src/ledger/publish-map.ts';
import { readSpans, readTags } from '../../src/ledger/tag-map-store.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { testLedger } from '../support/ledger.ts';
import { linked } from '../support/state-change.ts';
import { modelRoot } from './tag-model.ts';
import { hex } from './vectors.ts';

const databases = await testDatabases();
const { app, owner } = databases;
const ledger = await testLedger(databases);
const household = await ledger.household();
after(async () => {
  await ledger.close();
  await databases.close();
});

const never = Number.MAX_SAFE_INTEGER;
const publish = (mapIntervalMs = 0) => publishMap({ db: app, ledger, mapIntervalMs });
const append = (count: number) =>
  Promise.all(Array.from({ length: count }, () => ledger.append(linked(household))));
const verdict = () =>
  verifyLog(exportLog(app, { logId: 1, policies: [], to: 'newest' }), {
    ...nodeCrypto,
    keys: [ledger.verifierKey],
  });

test('what the broker publishes is what a verifier makes of the entries', async () => {
  await append(40);
  const first = await publish();
  assert.equal(first, 41);
  await append(300);
  await publish();
  const { violations, counts } = await verdict();
  assert.deepEqual(violations, []);
  assert.equal(counts.maps, 2);
  assert.equal(counts.mapCovers, 342);
});

test('a map comes at its interval, and none where nothing but the last map was written', async () => {
  await append(1);
  assert.equal(await publish(never), null, 'not due');
  assert.notEqual(await publish(), null);
  assert.equal(await publish(), null, 'nothing new');
  assert.equal(await publish(), null);
});

test('of two processes that publish at once one does, and the other goes on without', async () => {
  await append(20);
  const before = (await verdict()).counts.maps;
  const published = await Promise.all([publish(), publish(), publish()]);
  assert.equal(published.filter((index) => index !== null).length, 1);
  assert.equal((await verdict()).counts.maps, before + 1);
});

test('the head is free while a map is made: entries are appended beside it', async () => {
  await append(30);
  const table = databases.open(databases.urls.owner, 1);
  let free = () => {};
  const isFree = new Promise<void>((done) => {
    free = done;
  });
  let hold = () => {};
  const isHeld = new Promise<void>((done) => {
    hold = done;
  });
  const holding = table.transaction().execute(async (tx) => {
    await sql`lock table tag_map.page in share mode`.execute(tx);
    hold();
    await isFree;
  });
  await isHeld;
  const publishing = publish();
  for (let waits = false; !waits; ) {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from pg_locks where not granted and relation = 'tag_map.page'::regclass`.execute(
      app,
    );
    waits = rows[0]?.n === 1;
  }
  await append(5);
  free();
  await holding;
  const index = (await publishing) as number;
  const entry = (await allEntries(app))[index];
  assert.equal(entry?.kind, 'map.published');
  assert.equal(entry.size, index - 5, 'it covers what was there when it was begun');
  assert.equal((await verdict()).sound, true);
  assert.notEqual(await publish(), null, 'what came meanwhile is due');
});

test('a map whose entry was not written leaves nothing, and the next one holds', async () => {
  await append(10);
  const cut = { ...ledger, appendWithin: () => Promise.reject(new Error('the database went away')) };
  await assert.rejects(publishMap({ db: app, ledger: cut, mapIntervalMs: 0 }), /went away/);
  await append(10);
  assert.notEqual(await publish(), null);
  const { sound, size, counts } = await verdict();
  assert.equal(sound, true);
  assert.equal(counts.mapCovers, size - 1);
});

test('pages that somebody changed give a root that verification finds', async () => {
  await append(10);
  await sql`update tag_map.span set root = sha256('x')`.execute(owner);
  const page = await sql<{ slots: Buffer }>`select slots from tag_map.page where prefix = ''`.execute(owner);
  await sql`update tag_map.page set slots = decode(repeat('00', 16), 'hex') where prefix = ''`.execute(owner);
  const index = await publish();
  assert.deepEqual(
    (await verdict()).violations.map((violation) => [violation.index, violation.kind]),
    [[index, 'map_root']],
  );
  assert.ok(page.rows[0]);
});

test('spans are made one after the other, as the definition has them', async () => {
  const other = await testDatabases();
  const small = await testLedger(other);
  const home = await small.household();
  for (const count of [3, 20, 0, 9]) {
    await Promise.all(Array.from({ length: count }, () => small.append(linked(home))));
    await publishMap({ db: other.app, ledger: small, mapIntervalMs: 0, span: 8 });
  }
  const covered = 35;
  const spans = await readSpans(other.app, 1);
  const wanted = await Promise.all(
    [0, 8, 16, 24, 32].map(async (from) =>
      hex(modelRoot(await readTags(other.app, 1, from, Math.min(from + 8, covered)))),
    ),
  );
  assert.deepEqual(spans.map(hex), wanted);
  await small.close();
  await other.close();
});
