// Megabytes of export a second beside what the same server's COPY writes of the same entries. COPY is counted by the bytes of
// the entries in both, so that escapes count for neither.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase } from '../src/db/database.ts';
import { writeExport } from '../src/ledger/export-file.ts';
import { bulkLog } from '../test/support/bulk-log.ts';
import { makeBed } from './bed.ts';
import { inRounds, type Load, median, ratio, residentMegabytes } from './measure.ts';
import type { Row } from './row.ts';

const family = 'export';
const logId = 5;
const entries = 200_000;

export async function exportRows(): Promise<Row[]> {
  const bed = await makeBed();
  const folder = await mkdtemp(join(tmpdir(), 'stabledoor-bench-export-'));
  const superuser = openDatabase({ url: bed.superuserUrl, maxConnections: 1, statementTimeoutMs: 120_000 });
  try {
    const log = await bulkLog(bed.urls.owner, logId, entries);
    const { rows } = await sql<{ bytes: number }>`
      select sum(octet_length(entry))::bigint as bytes from ledger.entry where log_id = ${logId}`.execute(
      superuser,
    );
    const megabytes = (rows[0]?.bytes ?? 0) / 1e6;
    const timed = async (work: () => Promise<unknown>): Promise<Load> => {
      const began = performance.now();
      await work();
      return { rate: (megabytes * 1000) / (performance.now() - began), p50Ms: 0, p99Ms: 0 };
    };
    let resident = 0;
    const loads = await inRounds({
      export: () =>
        timed(async () => {
          const out = join(folder, 'export.ndjson');
          await writeExport(bed.app, { logId, out, policies: log.policies });
          resident = Math.max(resident, residentMegabytes());
        }),
      copy: () =>
        timed(() =>
          sql
            .raw(`copy (select convert_from(entry, 'UTF8') from ledger.entry where log_id = ${logId} order by idx)
              to program 'cat > /dev/null'`)
            .execute(superuser),
        ),
    });
    const rate = (name: keyof typeof loads) => median(loads[name].map((load) => load.rate));
    return [
      { family, what: `export of ${entries} entries, a second`, value: rate('export'), unit: 'MB' },
      { family, what: 'COPY of the same entries, a second', value: rate('copy'), unit: 'MB' },
      {
        family,
        what: 'export against it',
        value: ratio(loads.export, loads.copy),
        unit: '×',
        target: { atLeast: 0.4 },
      },
      {
        family,
        what: 'resident memory while exporting',
        value: resident,
        unit: 'MB',
        target: { below: 400 },
      },
    ];
  } finally {
    await superuser.destroy();
    await bed.close();
    await rm(folder, { recursive: true });
  }
}
