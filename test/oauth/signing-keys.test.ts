import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { settableClock } from '../../src/lib/clock.ts';
import { makeSigningKey, openSigningKeys } from '../../src/oauth/signing-keys.ts';

const folder = await mkdtemp(join(tmpdir(), 'stabledoor-keys-'));
after(() => rm(folder, { recursive: true }));
const clock = settableClock(1_000);

test('a missing key is made only where that is allowed', async () => {
  const keys = join(folder, 'missing');
  await assert.rejects(openSigningKeys(keys, { clock, makeMissing: false }), /stabledoor init/);
  await assert.rejects(readdir(keys), { code: 'ENOENT' });
  const made = await openSigningKeys(keys, { clock, makeMissing: true });
  const again = await openSigningKeys(keys, { clock, makeMissing: false });
  assert.equal(again.current().kid, made.current().kid);
});

test('the newest key signs, the former one stays published, and nothing private is', async () => {
  const keys = join(folder, 'two');
  const former = await makeSigningKey(keys, clock);
  clock.advance(1);
  const newest = await makeSigningKey(keys, clock);
  const opened = await openSigningKeys(keys, { clock, makeMissing: false });
  assert.equal(opened.current().kid, newest);
  assert.equal(opened.find(former)?.kid, former);
  assert.equal(opened.find('other'), undefined);
  assert.deepEqual(
    opened.jwks().keys.map((key) => [key.kid, key.kty, key.crv, key.alg, Object.keys(key).includes('d')]),
    [newest, former].map((kid) => [kid, 'EC', 'P-256', 'ES256', false]),
  );
});

test('key files are for their owner alone', async () => {
  const keys = join(folder, 'private');
  await makeSigningKey(keys, clock);
  const [name] = await readdir(keys);
  assert.equal((await stat(join(keys, name ?? ''))).mode & 0o777, 0o600);
});

test('a damaged key file stops the opening, and the message does not quote it', async () => {
  const keys = join(folder, 'damaged');
  const kid = await makeSigningKey(keys, clock);
  const path = join(keys, `token-${kid}.json`);
  const text = await readFile(path, 'utf8');
  const secret = JSON.parse(text).jwk.d as string;
  for (const damaged of [text.slice(0, -20), text.replace('P-256', 'P-512'), '']) {
    await writeFile(path, damaged);
    await assert.rejects(
      openSigningKeys(keys, { clock, makeMissing: true }),
      (error: Error) => /not a signing key/.test(error.message) && !error.message.includes(secret),
    );
  }
});
