// The one PostgreSQL of a test run: started by the runner, with a migrated template of each database, so that a test
// file gets a fresh set in a fraction of a second. Child processes find it through the data folder.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../../src/db/database.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';
import { databasesOf, provision } from '../../src/db/provision.ts';

export const testDataDir = resolve(import.meta.dirname, '../../.stabledoor/test');
export const templateName = 'stabledoor_template';

export async function startCluster(): Promise<EmbeddedServer> {
  const server = await startEmbedded(testDataDir);
  await dropLeftovers(server);
  await provision(server, testDataDir, templateName, true);
  return server;
}

export const superuser = (server: EmbeddedServer): Kysely<unknown> =>
  openDatabase<unknown>({
    url: server.url('postgres', server.superuserPassword, 'postgres'),
    maxConnections: 1,
  });

/** The running cluster, as a test file sees it. */
export async function joinCluster(): Promise<{ server: EmbeddedServer; passwords: Record<string, string> }> {
  const server = await startEmbedded(testDataDir);
  const file = join(testDataDir, 'postgres-roles.json');
  const passwords = await readFile(file, 'utf8').catch(() => {
    throw new Error('there is no test database: run this file with `npm test -- <file>`');
  });
  return { server, passwords: JSON.parse(passwords) };
}

/** Databases of test files that were cut short. */
async function dropLeftovers(server: EmbeddedServer): Promise<void> {
  const db = superuser(server);
  const found = await sql<{
    datname: string;
  }>`select datname from pg_database where datname like 'test\\_%'`.execute(db);
  for (const { datname } of found.rows)
    await sql`drop database if exists ${sql.id(datname)} with (force)`.execute(db);
  await db.destroy();
}

export async function cloneTemplate(db: Kysely<unknown>, name: string): Promise<void> {
  const [from, to] = [databasesOf(templateName), databasesOf(name)];
  for (const store of ['broker', 'meter-store', 'subject-keys'] as const) {
    await sql`create database ${sql.id(to[store])} template ${sql.id(from[store])} owner stabledoor_owner`.execute(
      db,
    );
    await sql`revoke all on database ${sql.id(to[store])} from public`.execute(db);
    await sql`grant connect on database ${sql.id(to[store])} to stabledoor_broker, stabledoor_auditor, stabledoor_importer,
      stabledoor_reader, stabledoor_key_keeper`.execute(db);
  }
}
