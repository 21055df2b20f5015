// Brings a database to the newest numbered migration, under an advisory lock and in one transaction.
// There is no way down: a mistake is mended by a further migration.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { ensureGroupRoles, groupRoles } from './roles.ts';

export type StoreName = 'broker' | 'meter-store' | 'subject-keys';

const migrationsFolder = join(import.meta.dirname, '../../migrations');
const folderOf: Record<StoreName, string> = {
  broker: migrationsFolder,
  'meter-store': join(migrationsFolder, 'meter-store'),
  'subject-keys': join(migrationsFolder, 'subject-keys'),
};

/** The numbered files of one store's folder, by name without the ending. */
const numberedFiles = (folder: string): MigrationProvider => ({
  async getMigrations() {
    const files = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.ts$/.test(name)).sort();
    const loaded = await Promise.all(
      files.map(
        async (file): Promise<[string, Migration]> => [file.slice(0, -3), await import(join(folder, file))],
      ),
    );
    return Object.fromEntries(loaded);
  },
});

function migratorFor(db: Kysely<unknown>, store: StoreName): Migrator {
  return new Migrator({
    db,
    provider: numberedFiles(folderOf[store]),
    migrationTableSchema: 'stabledoor',
    migrationTableName: 'migration',
    migrationLockTableName: 'migration_lock',
  });
}

/** Returns the names that were applied. `upTo` is a name such as `0003-registry`, for tests of one migration. */
export async function migrate(db: Kysely<unknown>, store: StoreName, upTo?: string): Promise<string[]> {
  await ensureGroupRoles(db);
  const migrator = migratorFor(db, store);
  const { error, results } = upTo ? await migrator.migrateTo(upTo) : await migrator.migrateToLatest();
  if (error) throw error;
  // Every role may see how far the database has come: a broker refuses to start on one that is behind.
  // Under a lock of its own: two grants on one object at once fail with "tuple concurrently updated".
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(7353002)`.execute(tx);
    await sql`
      grant usage on schema stabledoor to ${sql.raw(groupRoles.join(', '))};
      grant select on stabledoor.migration to ${sql.raw(groupRoles.join(', '))}`.execute(tx);
  });
  return (results ?? []).map((result) => result.migrationName);
}

export async function pendingMigrations(db: Kysely<unknown>, store: StoreName): Promise<string[]> {
  const all = await migratorFor(db, store).getMigrations();
  return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
}
