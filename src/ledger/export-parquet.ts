// An export as a Parquet file for analysts: one row an entry, its fields in columns, made from the export itself and in bounded
// memory. It proves nothing: what is verified is the export.
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The package that makes it is optional, and large. */
export class ParquetUnavailable extends Error {
  override readonly name = 'ParquetUnavailable';
}

type DuckDb = typeof import('@duckdb/node-api');

const load = (): Promise<DuckDb> => import('@duckdb/node-api');

/** Writes `to` beside its place first. Errors: ParquetUnavailable. */
export async function exportToParquet(from: string, to: string, loadDuckDb = load): Promise<void> {
  const { DuckDBInstance } = await loadDuckDb().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ParquetUnavailable(
      'Parquet needs the package @duckdb/node-api, which is optional and not here: npm install @duckdb/node-api',
    );
  });
  // For the eyes of its user alone, as the export is, from the first byte on: DuckDB makes files that all can read.
  const folder = `${to}.${process.pid}.part`;
  const fresh = join(folder, 'entries.parquet');
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: '512MB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  try {
    await mkdir(folder, { mode: 0o700 });
    const connection = await instance.connect();
    await connection.run(copying(from, fresh));
    connection.closeSync();
    await chmod(fresh, 0o600);
    await rename(fresh, to);
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;
const line = (number: number, skip: number) => `substr(split_part(entry, chr(10), ${number}), ${skip + 1})`;
const field = (name: string, type = 'varchar') => `try_cast(body ->> '$.${name}' as ${type}) as "${name}"`;

/** An entry that was tampered with has what can be read of it, and nulls. */
const copying = (from: string, to: string): string => `
  copy (
    select try_cast(${line(2, 'idx '.length)} as bigint) as "index",
      make_timestamp(try_cast(${line(4, 'time '.length)} as bigint) * 1000) as "time",
      ${line(3, 'prev '.length)} as prev,
      nullif(${line(5, 'stag '.length)}, '-') as stag,
      ${['kind', 'req', 'actor', 'basis', 'third_party', 'consent_ref'].map((name) => field(name)).join(', ')},
      ${field('version', 'integer')},
      ${['meter_ref', 'purpose', 'resolution', 'register'].map((name) => field(name)).join(', ')},
      try_cast(body ->> '$.window.from' as date) as window_from,
      try_cast(coalesce(body ->> '$.window.to', body ->> '$.window.until') as date) as window_to,
      ${field('count', 'bigint')}, ${field('decision')},
      try_cast(body -> '$.reasons' as varchar[]) as reasons,
      ${['policy', 'jkt', 'store_read'].map((name) => field(name)).join(', ')},
      body
    from (
      select entry, case when json_valid(split_part(entry, chr(10), 6)) then split_part(entry, chr(10), 6) end as body
        from read_json(${quoted(from)}, format = 'newline_delimited', maximum_object_size = 8000000,
          columns = {type: 'varchar', entry: 'varchar'})
       where type = 'entry'
    )
  ) to ${quoted(to)} (format parquet, compression zstd)`;
