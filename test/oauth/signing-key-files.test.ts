import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { settableClock } from '../../src/lib/clock.ts';
import { makeSigningKey, readSigningKeys, removeSigningKey } from '../../src/oauth/signing-key-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'stabledoor-keys-'));
after(() => rm(folder, { recursive: true }));
const clock = settableClock(1_000);

test('the newest key comes first, its public part is public, and one that is removed is gone', async () => {
  const keys = join(folder, 'two');
  assert.deepEqual(await readSigningKeys(keys), []);
  const former = await makeSigningKey(keys, clock);
  clock.advance(1);
  const newest = await makeSigningKey(keys, clock);
  const read = await readSigningKeys(keys);
  assert.deepEqual(
    read.map(({ kid, publicJwk }) => [kid, publicJwk.kid, publicJwk.alg, 'd' in publicJwk]),
    [newest.kid, former.kid].map((kid) => [kid, kid, 'ES256', false]),
  );
  await removeSigningKey(keys, former.kid);
  await removeSigningKey(keys, former.kid);
  assert.deepEqual(
    (await readSigningKeys(keys)).map((key) => key.kid),
    [newest.kid],
  );
});

test('key files are for their owner alone', async () => {
  const keys = join(folder, 'private');
  await makeSigningKey(keys, clock);
  const [name] = await readdir(keys);
  assert.equal((await stat(join(keys, name ?? ''))).mode & 0o777, 0o600);
});

test('a damaged key file is refused, and the message does not quote it', async () => {
  const keys = join(folder, 'damaged');
  const { kid } = await makeSigningKey(keys, clock);
  const path = join(keys, `token-${kid}.json`);
  const text = await readFile(path, 'utf8');
  const secret = JSON.parse(text).jwk.d as string;
  for (const damaged of [text.slice(0, -20), text.replace('P-256', 'P-512'), '']) {
    await writeFile(path, damaged);
    await assert.rejects(
      readSigningKeys(keys),
      (error: Error) => /not a signing key/.test(error.message) && !error.message.includes(secret),
    );
  }
});

test('a key gets its name when its file is whole, so that nobody reads half of one', async () => {
  const watched = join(folder, 'watched');
  await makeSigningKey(watched, clock);
  const names: (string | null)[] = [];
  const watcher = watch(watched, (_, name) => names.push(name));
  const { kid } = await makeSigningKey(watched, clock);
  await new Promise((next) => setTimeout(next, 200));
  watcher.close();
  const [unfinished, whole] = [`token-${kid}.json.new`, `token-${kid}.json`];
  assert.ok(names.includes(unfinished) && names.includes(whole), `${names}`);
  assert.ok(names.lastIndexOf(unfinished) < names.indexOf(whole), `${names}`);
  assert.deepEqual(
    (await readdir(watched)).filter((name) => name.endsWith('.new')),
    [],
  );
});
