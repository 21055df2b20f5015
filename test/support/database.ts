// A fresh set of databases for one test file, from the template, with one handle for each role.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { databasesOf, type StoreUrls, storeUrls } from '../../src/db/provision.ts';
import { cloneTemplate, joinCluster, superuser } from './cluster.ts';

export interface TestDatabases {
  readonly name: string;
  readonly urls: StoreUrls;
  /** A connection string of the superuser, for tests that tamper. */
  readonly superuserUrl: (database: string) => string;
  readonly owner: Database;
  readonly app: Database;
  readonly audit: Database;
  /** Opens a handle that is closed with the rest. */
  open<Schema>(url: string, maxConnections?: number): Kysely<Schema>;
  close(): Promise<void>;
}

/** Call once at the top of a test file and `after(() => databases.close())`. */
export async function testDatabases(): Promise<TestDatabases> {
  const { server, passwords } = await joinCluster();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = superuser(server);
  await cloneTemplate(admin, name);
  const urls = storeUrls(server, passwords, name);
  const opened: Kysely<never>[] = [];
  const open = <Schema>(url: string, maxConnections = 8): Kysely<Schema> => {
    const db = openDatabase<Schema>({ url, maxConnections, applicationName: name });
    opened.push(db as unknown as Kysely<never>);
    return db;
  };
  return {
    name,
    urls,
    superuserUrl: (database) => server.url('postgres', server.superuserPassword, database),
    owner: open(urls.owner),
    app: open(urls.app, 16),
    audit: open(urls.audit),
    open,
    async close() {
      await Promise.all(opened.map((db) => db.destroy()));
      for (const database of Object.values(databasesOf(name))) {
        await sql`drop database if exists ${sql.id(database)} with (force)`.execute(admin);
      }
      await admin.destroy();
    },
  };
}
