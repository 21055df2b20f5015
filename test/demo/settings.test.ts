// The demo throws its keys away at each start: they must be its own, whatever the environment says.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { demoEnvironment, discardDemoKeys } from '../../src/demo/settings.ts';

test('the demo never takes, and never throws away, the keys that another mode was given', async () => {
  const keyDir = await mkdtemp(join(tmpdir(), 'stabledoor-keys-'));
  try {
    await writeFile(join(keyDir, 'ledger.key'), 'of production');
    process.env.STABLEDOOR_KEY_DIR = keyDir;
    const config = readConfig(demoEnvironment({ PORT: '8080' }));
    assert.notEqual(config.keyDir, keyDir);
    await discardDemoKeys(config);
    await assert.rejects(discardDemoKeys({ ...config, keyDir }), /not the demo's/);
    assert.equal(await readFile(join(keyDir, 'ledger.key'), 'utf8'), 'of production');
  } finally {
    delete process.env.STABLEDOOR_KEY_DIR;
    await rm(keyDir, { recursive: true });
  }
});
