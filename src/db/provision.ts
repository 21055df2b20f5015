// Prepares the embedded server for one mode: the roles that sign in, three databases (broker, meter store, subject keys),
// each owned by the owner role, and every migration applied. Modes never share a database.
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from './database.ts';
import type { EmbeddedServer } from './embedded.ts';
import { migrate, type StoreName } from './migrate.ts';
import { ensureGroupRoles, type GroupRole } from './roles.ts';

/** One connection string for each right that is needed. */
export interface StoreUrls {
  readonly app: string;
  readonly audit: string;
  readonly owner: string;
  readonly meterReader: string;
  readonly importer: string;
  readonly meterStoreOwner: string;
  readonly subjectKeys: string;
  readonly subjectKeysOwner: string;
}

const logins: Record<string, GroupRole | null> = {
  stabledoor_owner: null,
  stabledoor_broker: 'stabledoor_app',
  stabledoor_auditor: 'stabledoor_audit',
  stabledoor_importer: 'stabledoor_import',
  stabledoor_reader: 'stabledoor_meter_reader',
  stabledoor_key_keeper: 'stabledoor_subject_keys',
};

const superuser = (server: EmbeddedServer, database: string): Kysely<unknown> =>
  openDatabase<unknown>({
    url: server.url('postgres', server.superuserPassword, database),
    maxConnections: 1,
  });

/** Makes what is missing. `fresh` drops this mode's databases first, and no other mode's. */
export async function provision(
  server: EmbeddedServer,
  dataDir: string,
  name: string,
  fresh = false,
): Promise<StoreUrls> {
  const db = superuser(server, 'postgres');
  try {
    // Two processes may start on one data folder; released with the connection.
    await sql`select pg_advisory_lock(7_353_001)`.execute(db);
    const passwords = await readOrMakePasswords(join(dataDir, 'postgres-roles.json'));
    await ensureGroupRoles(db);
    for (const [role, group] of Object.entries(logins))
      await ensureLogin(db, role, group, passwords[role] as string);
    for (const [kind, roles] of Object.entries(mayConnect) as [StoreName, string[]][]) {
      await ensureDatabase(db, databasesOf(name)[kind], roles, fresh);
    }
    const urls = storeUrls(server, passwords, name);
    await migrateAll(urls);
    return urls;
  } finally {
    await db.destroy();
  }
}

/** Who may connect to which database; what they may do there, the migrations say. */
const mayConnect: Record<StoreName, readonly string[]> = {
  broker: ['stabledoor_owner', 'stabledoor_broker', 'stabledoor_auditor'],
  'meter-store': ['stabledoor_owner', 'stabledoor_importer', 'stabledoor_reader'],
  'subject-keys': ['stabledoor_owner', 'stabledoor_key_keeper'],
};

export const databasesOf = (name: string): Record<StoreName, string> => ({
  broker: name,
  'meter-store': `${name}_meters`,
  'subject-keys': `${name}_keys`,
});

export function storeUrls(
  server: EmbeddedServer,
  passwords: Record<string, string>,
  name: string,
): StoreUrls {
  const databases = databasesOf(name);
  const url = (role: string, database: string) => server.url(role, passwords[role] as string, database);
  return {
    app: url('stabledoor_broker', databases.broker),
    audit: url('stabledoor_auditor', databases.broker),
    owner: url('stabledoor_owner', databases.broker),
    meterReader: url('stabledoor_reader', databases['meter-store']),
    importer: url('stabledoor_importer', databases['meter-store']),
    meterStoreOwner: url('stabledoor_owner', databases['meter-store']),
    subjectKeys: url('stabledoor_key_keeper', databases['subject-keys']),
    subjectKeysOwner: url('stabledoor_owner', databases['subject-keys']),
  };
}

export async function migrateAll(
  urls: Pick<StoreUrls, 'owner' | 'meterStoreOwner' | 'subjectKeysOwner'>,
): Promise<string[]> {
  const stores: [StoreName, string][] = [
    ['broker', urls.owner],
    ['meter-store', urls.meterStoreOwner],
    ['subject-keys', urls.subjectKeysOwner],
  ];
  const applied: string[] = [];
  for (const [store, url] of stores) {
    const db = openDatabase<unknown>({ url, maxConnections: 2, statementTimeoutMs: 120_000 });
    try {
      applied.push(...(await migrate(db, store)));
    } finally {
      await db.destroy();
    }
  }
  return applied;
}

export async function readOrMakePasswords(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  } catch {
    const made = Object.fromEntries(
      Object.keys(logins).map((role) => [role, randomBytes(24).toString('base64url')]),
    );
    await writeFile(file, JSON.stringify(made), { mode: 0o600 });
    return made;
  }
}

async function ensureLogin(
  db: Kysely<unknown>,
  role: string,
  group: GroupRole | null,
  password: string,
): Promise<void> {
  await sql`
    do $$ begin
      if not exists (select from pg_catalog.pg_roles where rolname = ${sql.lit(role)}) then
        create role ${sql.id(role)} login;
      end if;
    end $$`.execute(db);
  await sql`alter role ${sql.id(role)} password ${sql.lit(password)}`.execute(db);
  if (group) await sql`grant ${sql.id(group)} to ${sql.id(role)}`.execute(db);
}

async function ensureDatabase(
  db: Kysely<unknown>,
  database: string,
  roles: readonly string[],
  fresh: boolean,
): Promise<void> {
  if (fresh) await sql`drop database if exists ${sql.id(database)} with (force)`.execute(db);
  const found = await sql`select 1 from pg_catalog.pg_database where datname = ${database}`.execute(db);
  if (found.rows.length > 0) return;
  await sql`create database ${sql.id(database)} owner stabledoor_owner`.execute(db);
  await sql`revoke all on database ${sql.id(database)} from public`.execute(db);
  for (const role of roles)
    await sql`grant connect on database ${sql.id(database)} to ${sql.id(role)}`.execute(db);
}
