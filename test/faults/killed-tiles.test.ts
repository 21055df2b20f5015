// An export of tiles that is killed at any step on the disk leaves a folder that promises nothing which is not there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { exportTiles } from '../../src/ledger/export-tiles.ts';
import { latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { bundlesOf, formatTilePath, parseBundle, splitHashes, tilesOf } from '../../src/ledger/tile.ts';
import { bareEnvironment } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { type RawLog, rawLog } from '../support/raw-log.ts';

const databases = await testDatabases();
const top = await mkdtemp(join(tmpdir(), 'stabledoor-killed-'));
let log: RawLog;
before(async () => {
  log = await rawLog(databases.app);
  await log.growTo(300);
});
after(async () => {
  await databases.close();
  await rm(top, { recursive: true });
});

type Holds = 'hashes' | 'entries';
const program = join(import.meta.dirname, '../support/tile-export-program.ts');

/** How many steps it took; null where it was killed. */
function exportKilledAt(nth: number, folder: string, holds: Holds): Promise<number | null> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, folder, holds, String(nth)], {
      env: { ...bareEnvironment(), DATABASE_URL: databases.urls.app },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once('error', fail);
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') done(null);
      else if (code === 0) done(Number(said));
      else fail(new Error(`it ended with ${code}`));
    });
  });
}

const exportNow = async (folder: string, holds: Holds) =>
  exportTiles(databases.app, {
    logId: 1,
    checkpoint: (await latestCheckpoint(databases.app, 1))?.note as string,
    ...{ folder, holds },
  });

/** What the checkpoint says, once everything under it is there and whole. */
async function promisedBy(folder: string, holds: Holds): Promise<number> {
  const note = await readFile(join(folder, 'checkpoint'), 'utf8');
  const trust = { origin: log.origin, logKeys: [log.signer.key] };
  const { size } = await openCheckpoint(note, trust, nodeCrypto);
  for (const tile of holds === 'hashes' ? tilesOf(size) : bundlesOf(size)) {
    const bytes = await readFile(join(folder, formatTilePath(tile)));
    const parts = holds === 'hashes' ? splitHashes(bytes, tile.width) : parseBundle(bytes);
    assert.equal(parts.length, tile.width);
  }
  return size;
}

for (const holds of ['hashes', 'entries'] as const)
  test(`an export of ${holds} that is killed at any step promises only what is there, and the next one mends it`, async () => {
    const start = join(top, holds);
    await log.growTo(holds === 'hashes' ? 300 : 1000);
    await exportNow(start, holds);
    const from = log.leaves.length;
    await log.growTo(from + 400);
    const promised: number[] = [];
    for (let nth = 1; ; nth++) {
      const folder = join(top, `${holds}-${nth}`);
      await cp(start, folder, { recursive: true });
      const steps = await exportKilledAt(nth, folder, holds);
      promised.push(await promisedBy(folder, holds));
      await exportNow(folder, holds);
      assert.equal(await promisedBy(folder, holds), from + 400);
      await rm(folder, { recursive: true });
      if (steps === null) continue;
      assert.equal(steps, nth - 1);
      break;
    }
    // First always what was, then always what is: both were seen, and nothing else.
    const turn = promised.indexOf(from + 400);
    assert.ok(turn > 3 && turn < promised.length);
    assert.deepEqual(
      promised,
      promised.map((_, i) => (i < turn ? from : from + 400)),
    );
  });
