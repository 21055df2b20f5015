// Exports the tiles of the database at DATABASE_URL into the folder given, and kills itself at the nth step on the disk, before
// that step is taken. Prints how many steps there were if it lives.
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [folder, holds, nth] = process.argv.slice(2) as [string, 'hashes' | 'entries', string];
let steps = 0;
for (const name of ['open', 'rename', 'rm'] as const) {
  const real = promises[name] as (...given: unknown[]) => Promise<unknown>;
  Object.assign(promises, {
    [name]: (...given: unknown[]) => {
      if (++steps === Number(nth)) process.kill(process.pid, 'SIGKILL');
      return real(...given);
    },
  });
}
syncBuiltinESMExports();

// Only now: who imports these functions has them as they are.
const { openDatabase } = await import('../../src/db/database.ts');
const { exportTiles } = await import('../../src/ledger/export-tiles.ts');
const { latestCheckpoint } = await import('../../src/ledger/ledger-store.ts');
const db = openDatabase({ url: process.env.DATABASE_URL as string, maxConnections: 2 });
const checkpoint = (await latestCheckpoint(db, 1))?.note as string;
await exportTiles(db, { logId: 1, checkpoint, folder, holds });
await db.destroy();
process.stdout.write(String(steps));
