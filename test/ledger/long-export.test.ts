// A long log goes out and is verified in memory that does not grow with it: ten million entries in the long run of the tests.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeExport } from '../../src/ledger/export-file.ts';
import { type Lines, readExportLines } from '../../src/ledger/export-format.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { bulkLog } from '../support/bulk-log.ts';
import { testDatabases } from '../support/database.ts';

const size = process.env.STABLEDOOR_SOAK ? 10_000_000 : 20_000;
const databases = await testDatabases();
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-long-'));
after(async () => {
  await databases.close();
  await rm(folder, { recursive: true });
});

const megabytes = () => Math.round(process.memoryUsage.rss() / 1_000_000);

/** The most that was resident in the second and in the last fifth of the way. */
function watchMemory() {
  const most = [0, 0, 0, 0, 0];
  return {
    look(share: number) {
      const fifth = Math.min(4, Math.floor(share * 5));
      most[fifth] = Math.max(most[fifth] as number, megabytes());
    },
    assertFlat(t: { diagnostic(text: string): void }, what: string) {
      t.diagnostic(`${what} of ${size} entries: ${most.join(', ')} MB resident, a fifth of the way each`);
      assert.ok((most[4] as number) < (most[1] as number) + 100, `${what}: ${most.join(', ')} MB`);
    },
  };
}

test('a long log is exported and verified in memory that stays as it is', async (t) => {
  const log = await bulkLog(databases.urls.owner, 5, size);
  const out = join(folder, 'long.ndjson');
  const exporting = watchMemory();
  const began = performance.now();
  const written = await writeExport(databases.audit, {
    ...{ logId: 5, out, policies: log.policies },
    onProgress: (done, of) => exporting.look(done / of),
  });
  t.diagnostic(`${Math.round(written.bytes / 1e6)} MB in ${Math.round(performance.now() - began)} ms`);
  assert.equal(written.size, size);
  exporting.assertFlat(t, 'export');
  const verifying = watchMemory();
  async function* watched(): AsyncGenerator<Lines> {
    let done = 0;
    for await (const lines of readExportLines(createReadStream(out, { highWaterMark: 1 << 20 }))) {
      done += lines.length;
      verifying.look(done / size);
      yield lines;
    }
  }
  const verdict = await verifyLog(watched(), { ...nodeCrypto, keys: [log.signer.key.text] });
  assert.deepEqual([verdict.violations, verdict.size], [[], size]);
  if (size > 5_000_000) verifying.assertFlat(t, 'verification');
});
