import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { copyBinaries, shippedBinaries } from '../../src/db/embedded-home.ts';

const folder = await mkdtemp(join(tmpdir(), 'stabledoor-binaries-'));
after(() => rm(folder, { recursive: true, force: true }));

test('binaries out of the server’s reach (a clone in root’s own home) are copied once, and run from there', async () => {
  const shipped = shippedBinaries();
  const [first, second] = await Promise.all([copyBinaries(shipped, folder), copyBinaries(shipped, folder)]);
  assert.equal(first, second);
  const made = (await stat(join(first, 'bin/postgres'))).ino;
  assert.equal(await copyBinaries(shipped, folder), first);
  assert.equal((await stat(join(first, 'bin/postgres'))).ino, made);
  const { stdout } = await promisify(execFile)(join(first, 'bin/postgres'), ['--version']);
  assert.match(stdout, /^postgres \(PostgreSQL\) 18/);
});
