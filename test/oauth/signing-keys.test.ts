// The life of a signing key on a real database and ledger: published, signing, former, retired.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { KyselyPlugin } from 'kysely';
import { type DatabaseClock, openClock } from '../../src/db/clock.ts';
import { accessTokenLifetimeSeconds } from '../../src/oauth/access-token.ts';
import {
  keyLeadSeconds,
  retireAfterSeconds,
  retireSigningKey,
  rotateSigningKeys,
} from '../../src/oauth/publish-keys.ts';
import { openSigningKeys, type SigningKeys } from '../../src/oauth/signing-keys.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { quietLogger, testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
const clock: DatabaseClock = await openClock(databases.app as never, null);
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-keys-'));
const parts = { db: databases.app, ledger, clock, logger: quietLogger };
const opened: SigningKeys[] = [];
after(async () => {
  for (const keys of opened) await keys.close();
  await ledger.close();
  await databases.close();
  await rm(folder, { recursive: true });
});

async function process(keyFolder = folder, makeMissing = false): Promise<SigningKeys> {
  const keys = await openSigningKeys(parts, keyFolder, { makeMissing });
  opened.push(keys);
  return keys;
}
const countingPlugin = (count: () => void): KyselyPlugin => ({
  transformQuery({ node }) {
    count();
    return node;
  },
  transformResult: async ({ result }) => result,
});
const pass = async (seconds: number) => void (await clock.move(clock.nowMs() + seconds * 1000));
const kinds = async () =>
  (await allEntries(databases.app)).map(({ kind }) => kind).filter((kind) => kind.startsWith('key.'));
const kidsOf = (keys: SigningKeys) => keys.jwks().keys.map((key) => key.kid);

test('a missing key is made only where that is allowed', async () => {
  await assert.rejects(process(), /stabledoor init/);
  assert.deepEqual(await readdir(folder), []);
  const made = await process(folder, true);
  const again = await process();
  assert.equal(again.current().kid, made.current().kid);
  assert.deepEqual(await kinds(), ['key.published']);
});

test('a key is published before it signs, and every process follows without a restart', async () => {
  const [one, two] = [await process(), await process()];
  const former = one.current().kid;
  const { kid } = await rotateSigningKeys(parts, folder);
  await Promise.all([one.refresh(), two.refresh()]);
  for (const keys of [one, two]) {
    assert.deepEqual(kidsOf(keys), [kid, former]);
    assert.equal(keys.current().kid, former);
  }
  await pass(keyLeadSeconds);
  for (const keys of [one, two]) assert.equal(keys.current().kid, kid);
  assert.equal((await one.find(former))?.kid, former);
});

test('a former key is retired once its last token is over: in the ledger once, out of the set, its file gone', async () => {
  const [one, two] = [await process(), await process()];
  const [newest, former] = kidsOf(one);
  await pass(retireAfterSeconds - 2);
  await one.refresh();
  assert.deepEqual(kidsOf(one), [newest, former]);
  await pass(3);
  await Promise.all([one.refresh(), two.refresh()]);
  for (const keys of [one, two]) {
    assert.deepEqual(kidsOf(keys), [newest]);
    assert.equal(await keys.find(former as string), undefined);
  }
  assert.deepEqual(await kinds(), ['key.published', 'key.published', 'key.retired']);
  assert.deepEqual(await readdir(folder), [`token-${newest}.json`]);
});

test('a key that signs at once is found by a process that has not heard of it', async () => {
  const [one, two] = [await process(), await process()];
  const { kid } = await rotateSigningKeys(parts, folder, { leadSeconds: 0 });
  await one.refresh();
  assert.equal(one.current().kid, kid);
  assert.equal((await two.find(kid))?.kid, kid);
  assert.equal(two.current().kid, kid);
});

test('strangers’ kids are looked up four times a second at most, and a new key among them is found', async () => {
  const keys = await process();
  let reads = 0;
  const counting = { ...parts, db: parts.db.withPlugin(countingPlugin(() => reads++)) };
  const watched = await openSigningKeys(counting, folder, { makeMissing: false });
  opened.push(watched);
  reads = 0;
  assert.equal(await watched.find('unknown'), undefined);
  const { kid } = await rotateSigningKeys(parts, folder, { leadSeconds: 0 });
  const strangers = Array.from({ length: 200 }, (_, i) => watched.find(`unknown-${i}`));
  assert.equal((await watched.find(kid))?.kid, kid);
  assert.deepEqual(new Set(await Promise.all(strangers)), new Set([undefined]));
  assert.ok(reads <= 3, `${reads} reads`);
  await keys.refresh();
});

test('a process without the private key verifies what others sign, and says that it cannot sign', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'stabledoor-keys-'));
  const other = await process(elsewhere, true);
  // Its own key is published beside the others and waits for its time, but it is the only one it can sign with.
  const [own] = kidsOf(other);
  assert.equal(other.current().kid, own);
  assert.equal(kidsOf(other).length, 4);
  const known = (await process()).current().kid;
  assert.equal((await other.find(known))?.kid, known);
  await rm(elsewhere, { recursive: true });
  await other.refresh().then(
    () => assert.fail('it has no key'),
    (error: Error) => assert.match(error.message, /keys rotate tokens/),
  );
});

test('a folder that cannot be read hides no key of others, and keeps no retired one', async () => {
  const here = await mkdtemp(join(tmpdir(), 'stabledoor-keys-'));
  const [one, other] = [await process(here, true), await process()];
  const own = one.current().kid;
  // Half a key, under a name of its own.
  await writeFile(join(here, `token-${'A'.repeat(43)}.json`), '{"made_ms":1');
  const { kid } = await rotateSigningKeys(parts, folder, { leadSeconds: 0 });
  assert.equal((await one.find(kid))?.kid, kid);
  await one.refresh();
  assert.ok(kidsOf(one).includes(kid));
  assert.equal(one.current().kid, own, 'it signs with what it had read before');
  await retireSigningKey(parts, own);
  await one.refresh().catch(() => {});
  assert.equal(await one.find(own), undefined);
  assert.throws(() => one.current(), /keys rotate tokens/);
  await rm(here, { recursive: true });
  await other.refresh();
});

test('where the keys cannot be looked up, an unknown one is not said to be nobody’s', async () => {
  let isAway = false;
  const db = parts.db.withPlugin(
    countingPlugin(() => {
      if (isAway) throw Object.assign(new Error('gone'), { code: '57P01' });
    }),
  );
  const keys = await openSigningKeys({ ...parts, db }, folder, { makeMissing: false });
  opened.push(keys);
  const known = keys.current().kid;
  isAway = true;
  await assert.rejects(Promise.resolve(keys.find('unknown')), { code: '57P01' });
  assert.equal((await keys.find(known))?.kid, known);
  isAway = false;
  assert.equal(await keys.find('unknown'), undefined);
});

test('a key is known for longer than copies of the key set are kept, and outlives the last token it signed', () => {
  const longestCopySeconds = 300;
  assert.ok(keyLeadSeconds >= longestCopySeconds);
  assert.ok(retireAfterSeconds >= accessTokenLifetimeSeconds + 60);
});
