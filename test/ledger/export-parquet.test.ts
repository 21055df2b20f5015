// An export as Parquet: one row an entry, with what the entry says in columns, and a clear word where the package is missing.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeExport } from '../../src/ledger/export-file.ts';
import { exportToParquet, ParquetUnavailable } from '../../src/ledger/export-parquet.ts';
import { bulkLog } from '../support/bulk-log.ts';
import { testDatabases } from '../support/database.ts';

const duckDb = await import('@duckdb/node-api').catch(() => null);
const skip = duckDb === null && 'needs the optional package @duckdb/node-api';
const databases = await testDatabases();
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-parquet-'));
after(async () => {
  await databases.close();
  await rm(folder, { recursive: true });
});

test('every entry of the export is a row, in order, with its fields in columns', { skip }, async () => {
  const log = await bulkLog(databases.urls.owner, 5, 3000);
  const [from, to] = [join(folder, "it's.ndjson"), join(folder, "it's.parquet")];
  await writeExport(databases.audit, { logId: 5, out: from, policies: log.policies });
  await exportToParquet(from, to);
  assert.equal((await readFile(to)).subarray(0, 4).toString(), 'PAR1');
  for (const file of [from, to]) assert.equal((await stat(file)).mode & 0o777, 0o600, 'its user’s alone');
  assert.deepEqual(await readdir(folder), ["it's.ndjson", "it's.parquet"]);
  const instance = await (duckDb as NonNullable<typeof duckDb>).DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = async (query: string) =>
    (
      await connection.runAndReadAll(query.replace('LOG', `'${to.replaceAll("'", "''")}'`))
    ).getRowObjectsJson();
  assert.deepEqual(
    await rows('select kind, count(*)::int as n from LOG group by 1 order by 2 desc, 1 limit 2'),
    [
      { kind: 'disclosure', n: 2995 },
      { kind: 'consent.given', n: 1 },
    ],
  );
  const [row] =
    await rows(`select "index"::int as i, epoch_ms("time")::varchar as ms, kind, purpose, resolution,
    window_from::varchar as first, window_to::varchar as "end", "count"::int as n, len(reasons)::int as reasons, store_read, stag
    from LOG offset 1000 limit 1`);
  assert.deepEqual(row, {
    ...{ i: 1000, ms: '1700000011000', kind: 'disclosure', purpose: 'energy-advice', resolution: 'P1D' },
    ...{
      first: '2023-01-01',
      end: '2023-02-01',
      n: 31,
      reasons: 0,
      store_read: '1700000000/1000',
      stag: null,
    },
  });
});

test('without the package it says which one is missing', async () => {
  const missing = Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' });
  await assert.rejects(
    exportToParquet('a', 'b', () => Promise.reject(missing)),
    (error) => error instanceof ParquetUnavailable && /npm install @duckdb\/node-api/.test(error.message),
  );
});
