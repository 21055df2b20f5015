// Copies what a database holds into files, table by table, as of one moment, and back into one that migrations have just
// made. The server itself writes and reads the files: rows never pass through this process, and none can be changed by it.
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Kysely, sql, type Transaction } from 'kysely';
import { findHome } from './embedded-home.ts';

export interface DumpedTable {
  /** `schema.table`. */
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: number;
}

export interface DumpedSequence {
  readonly sequence: string;
  readonly lastValue: number;
}

/** A folder that the embedded server may write to; take its files out of it and `remove` it. */
export interface Staging {
  readonly folder: string;
  /** Puts a file where the server may read it. */
  put(from: string): Promise<string>;
  remove(): Promise<void>;
}

export async function openStaging(dataDir: string): Promise<Staging> {
  const home = await findHome(dataDir);
  const folder = join(dirname(home.cluster), `staging-${randomBytes(6).toString('hex')}`);
  await mkdir(folder, { mode: 0o700 });
  await home.giveToServer(folder);
  return {
    folder,
    async put(from) {
      const to = join(folder, randomBytes(6).toString('hex'));
      await copyFile(from, to);
      await chmod(to, 0o600);
      await home.giveToServer(to);
      return to;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Keeps what it sees for as long as the transaction. Call it for several databases before the first is dumped. */
export async function freeze(tx: Transaction<unknown>): Promise<void> {
  await sql`set transaction isolation level repeatable read read only`.execute(tx);
  await sql`select 1 from pg_catalog.pg_class limit 1`.execute(tx);
}

/** Every table but those that say which migrations were applied; partitions within the table that they are of. */
export async function listTables(db: Kysely<unknown>): Promise<Omit<DumpedTable, 'rows'>[]> {
  const { rows } = await sql<{ table: string; columns: string[] }>`
    select n.nspname || '.' || c.relname as table,
           array_agg(a.attname::text order by a.attnum) as columns
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       and a.attgenerated = ''
     where c.relkind in ('r', 'p') and not c.relispartition
       and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'stabledoor')
     group by 1 order by 1`.execute(db);
  return rows;
}

export async function dumpTable(
  tx: Transaction<unknown>,
  { table, columns }: Pick<DumpedTable, 'table' | 'columns'>,
  file: string,
): Promise<number> {
  await sql`copy (select ${names(columns)} from ${sql.table(table)}) to ${sql.lit(file)}`.execute(tx);
  return await countRows(tx, table);
}

/** Read after the tables: a number that was taken meanwhile is passed over rather than given twice. */
export async function listSequences(db: Kysely<unknown>): Promise<DumpedSequence[]> {
  const { rows } = await sql<{ sequence: string; last_value: number }>`
    select schemaname || '.' || sequencename as sequence, last_value from pg_catalog.pg_sequences
     where last_value is not null and schemaname <> 'stabledoor' order by 1`.execute(db);
  return rows.map((row) => ({ sequence: row.sequence, lastValue: row.last_value }));
}

export async function appliedMigrations(db: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from stabledoor.migration order by name`.execute(
    db,
  );
  return rows.map((row) => row.name);
}

/**
 * Into a database that has nothing but what its migrations put there. As a superuser with the triggers of rows asleep:
 * they have run for these rows once. The checks of columns hold all the same.
 */
export async function prepareToLoad(tx: Transaction<unknown>): Promise<void> {
  await sql`set local session_replication_role = replica`.execute(tx);
}

/** Entries beyond the first partition need theirs before they come. */
export async function makePartitions(tx: Transaction<unknown>, lastIndex: number): Promise<void> {
  await sql`
    select ledger.add_partition(p * 4194304) from generate_series(1, ${lastIndex}::bigint / 4194304) p`.execute(
    tx,
  );
}

/** Errors: the rows are not as many as were dumped. */
export async function loadTable(
  tx: Transaction<unknown>,
  { table, columns, rows }: DumpedTable,
  file: string,
): Promise<void> {
  await sql`delete from ${sql.table(table)}`.execute(tx);
  await sql`copy ${sql.table(table)} (${names(columns)}) from ${sql.lit(file)}`.execute(tx);
  const loaded = await countRows(tx, table);
  if (loaded !== rows) throw new Error(`${table}: ${loaded} rows were read, and ${rows} were written`);
}

export async function setSequence(
  tx: Transaction<unknown>,
  { sequence, lastValue }: DumpedSequence,
): Promise<void> {
  await sql`select setval(${sequence}::regclass, ${lastValue}::bigint)`.execute(tx);
}

async function countRows(tx: Transaction<unknown>, table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(tx);
  return rows[0]?.n ?? 0;
}

const names = (columns: readonly string[]) => sql.join(columns.map((column) => sql.id(column)));

/** Which of these there are. */
export async function listDatabases(db: Kysely<unknown>, wanted: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ datname: string }>`
    select datname from pg_catalog.pg_database where datname = any (${[...wanted]}) order by 1`.execute(db);
  return rows.map((row) => row.datname);
}

/** All or none. */
export const renameDatabases = (
  db: Kysely<unknown>,
  pairs: readonly (readonly [from: string, to: string])[],
): Promise<void> =>
  db.transaction().execute(async (tx) => {
    for (const [from, to] of pairs)
      await sql`alter database ${sql.id(from)} rename to ${sql.id(to)}`.execute(tx);
  });

export async function dropDatabases(db: Kysely<unknown>, databases: readonly string[]): Promise<void> {
  for (const database of databases)
    await sql`drop database if exists ${sql.id(database)} with (force)`.execute(db);
}
