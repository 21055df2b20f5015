// `stabledoor restore DIR`: puts a backup where there is nothing, and nothing where there is something. What comes back is
// taken for old: the log is not written to until `ledger succeed`, for nobody can tell what was written since.
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Config, readConfig } from '../config.ts';
import {
  type BackupManifest,
  type DumpedDatabase,
  manifestName,
  openBackup,
  subjectKeysDays,
  subjectKeysFolder,
} from '../db/backup-manifest.ts';
import { machineClock } from '../db/clock.ts';
import type { Database } from '../db/database.ts';
import {
  appliedMigrations,
  dropDatabases,
  listDatabases,
  loadTable,
  makePartitions,
  openStaging,
  prepareToLoad,
  renameDatabases,
  type Staging,
  setSequence,
} from '../db/dump-database.ts';
import { type EmbeddedServer, startEmbedded } from '../db/embedded.ts';
import type { StoreName } from '../db/migrate.ts';
import { databasesOf, provision } from '../db/provision.ts';
import { databaseName } from '../db/stores.ts';
import { headGuardFileOf, markRestored } from '../ledger/head-guard.ts';
import { findLogInForce, type LogInForce } from '../ledger/log-in-force.ts';
import { asSuperuser, ownServerLine } from './backup.ts';
import { UsageError } from './failure.ts';
import { openOutput } from './output.ts';

interface RestoreOptions {
  readonly subjectKeys?: string;
  readonly withoutSubjectKeys?: true;
  readonly nothingSince?: true;
  readonly json?: true;
}

export function addRestoreCommand(program: Command): void {
  program
    .command('restore <folder>')
    .description('put a backup back, where there are no databases of this mode yet')
    .option(
      '--subject-keys <folder>',
      'a backup whose householders’ keys to take instead: the newest you have',
    )
    .option('--without-subject-keys', 'the householders’ keys are gone for good')
    .option('--nothing-since', 'the broker was stopped before the backup and never started again')
    .option('--json', 'answer as JSON')
    .action(async (folder: string, options: RestoreOptions) => {
      const restored = await restoreBackup(readConfig(), resolve(folder), {
        subjectKeys: options.withoutSubjectKeys ? null : resolve(options.subjectKeys ?? folder),
        nothingSince: options.nothingSince ?? false,
      });
      openOutput(options.json ?? false).answer({ ...restored }, wordsOf(restored));
    });
}

export interface Restored {
  readonly mode: string;
  readonly made_ms: number;
  readonly entries: number;
  readonly subject_keys: boolean;
  /** Older than such a backup may be kept. */
  readonly subject_keys_too_old: boolean;
  /** The log may be written to at once. */
  readonly writable: boolean;
}

export interface RestoreRequest {
  /** The folder with the householders' keys; null: they are gone. */
  readonly subjectKeys: string | null;
  readonly nothingSince: boolean;
}

/** Errors: BackupFault; UsageError where it cannot be: another mode, something is there already, no embedded server. */
export async function restoreBackup(
  config: Config,
  folder: string,
  { subjectKeys, nothingSince }: RestoreRequest,
): Promise<Restored> {
  if (config.databases !== null) throw new UsageError(ownServerLine('restore'));
  const manifest = await openBackup(folder);
  const keys = subjectKeys === null ? null : await openSubjectKeys(subjectKeys);
  for (const { mode } of [manifest, ...(keys ? [keys] : [])])
    if (mode !== config.mode)
      throw new UsageError(`the backup is of ${mode} mode: set STABLEDOOR_MODE=${mode} to restore it`);
  await refuseOtherKeys(config, folder, manifest);
  const server = await startEmbedded(config.dataDir);
  let log: LogInForce;
  try {
    await refuseDatabases(server, config);
    await loadAll(server, config, [[folder, manifest], ...(keys ? ([[keys.folder, keys]] as const) : [])]);
    log = await asSuperuser(server, databaseName[config.mode], (db) =>
      findLogInForce(db as unknown as Database, config.logOrigin),
    );
  } finally {
    await server.stop();
  }
  await putKeys(config, folder, manifest);
  await putGuards(config, folder, manifest);
  if (!nothingSince) await markRestored(headGuardFileOf(config.headGuardFile, log), manifest.made_ms);
  const entries = tableOf(manifest.databases.broker, 'ledger.entry')?.rows ?? 0;
  const ageMs = machineClock.nowMs() - (keys?.made_ms ?? machineClock.nowMs());
  return {
    mode: config.mode,
    made_ms: manifest.made_ms,
    entries,
    subject_keys: keys !== null,
    subject_keys_too_old: ageMs > subjectKeysDays * 86_400_000,
    writable: nothingSince,
  };
}

/** In the folder of a whole backup, or by themselves. */
async function openSubjectKeys(given: string): Promise<BackupManifest & { readonly folder: string }> {
  for (const folder of [join(given, subjectKeysFolder), given]) {
    if ((await stat(join(folder, manifestName)).catch(() => null)) === null) continue;
    const manifest = await openBackup(folder);
    if (manifest.databases['subject-keys']) return { ...manifest, folder };
  }
  throw new UsageError(
    `${given} holds no householders’ keys: say --subject-keys where they are, or --without-subject-keys if they are gone`,
  );
}

const keyFiles = (manifest: BackupManifest) => manifest.files.filter(({ path }) => path.startsWith('keys/'));

/** A key that is there is never replaced. */
async function refuseOtherKeys({ keyDir }: Config, folder: string, manifest: BackupManifest): Promise<void> {
  for (const { path } of keyFiles(manifest)) {
    const there = await readFile(join(keyDir, basename(path))).catch(() => null);
    if (there !== null && !there.equals(await readFile(join(folder, path))))
      throw new UsageError(
        `${keyDir} holds other keys than the backup: restore into a key folder of its own`,
      );
  }
}

async function refuseDatabases(server: EmbeddedServer, { mode, dataDir }: Config): Promise<void> {
  const names = Object.values(databasesOf(databaseName[mode]));
  const [there] = await asSuperuser(server, 'postgres', (db) => listDatabases(db, names));
  if (there)
    throw new UsageError(
      `${dataDir} holds a database ${there} already, and nothing is overwritten: restore into another STABLEDOOR_DATA_DIR, or move that one away`,
    );
}

type Source = readonly [folder: string, manifest: BackupManifest];

/** Under names of their own, and renamed together when all are whole. */
async function loadAll(server: EmbeddedServer, config: Config, sources: readonly Source[]): Promise<void> {
  const fresh = `restoring_${randomBytes(6).toString('hex')}`;
  const staging = await openStaging(config.dataDir);
  try {
    await provision(server, config.dataDir, fresh);
    for (const [folder, { databases }] of sources)
      for (const [store, database] of Object.entries(databases) as [StoreName, DumpedDatabase][])
        await asSuperuser(server, databasesOf(fresh)[store], (db) =>
          db.transaction().execute(async (tx) => {
            await refuseOtherMigrations(store, await appliedMigrations(tx), database.migrations);
            await prepareToLoad(tx);
            const entries = tableOf(database, 'ledger.entry')?.rows ?? 0;
            if (entries > 0) await makePartitions(tx, entries);
            for (const table of database.tables) await load(tx, table, folder, staging);
            for (const sequence of database.sequences) await setSequence(tx, sequence);
          }),
        );
    await renameAll(server, fresh, databaseName[config.mode]);
  } finally {
    await staging.remove();
    await dropAll(server, fresh);
  }
}

async function load(
  tx: Parameters<typeof loadTable>[0],
  { path, ...table }: DumpedDatabase['tables'][number],
  folder: string,
  staging: Staging,
): Promise<void> {
  const staged = await staging.put(join(folder, path));
  await loadTable(tx, table, staged);
  await rm(staged);
}

async function refuseOtherMigrations(store: StoreName, here: readonly string[], there: readonly string[]) {
  if (here.join() === there.join()) return;
  const last = (names: readonly string[]) => names.at(-1) ?? 'none';
  throw new UsageError(
    `the backup of ${store} is of another version (its last migration is ${last(there)}, here it is ${last(here)}): restore it with the version that made it, and then migrate`,
  );
}

const tableOf = (database: DumpedDatabase | undefined, table: string) =>
  database?.tables.find((one) => one.table === table);

async function renameAll(server: EmbeddedServer, from: string, to: string): Promise<void> {
  const [here, there] = [databasesOf(from), databasesOf(to)];
  const names = (Object.keys(here) as StoreName[]).map((store) => [here[store], there[store]] as const);
  await asSuperuser(server, 'postgres', (db) => renameDatabases(db, names));
}

const dropAll = (server: EmbeddedServer, name: string): Promise<void> =>
  asSuperuser(server, 'postgres', (db) => dropDatabases(db, Object.values(databasesOf(name))));

async function putKeys({ keyDir }: Config, folder: string, manifest: BackupManifest): Promise<void> {
  for (const { path } of keyFiles(manifest)) await putFile(join(folder, path), join(keyDir, basename(path)));
}

/** A guard that is there knows at least as much, and stays. */
async function putGuards({ headGuardFile }: Config, folder: string, manifest: BackupManifest): Promise<void> {
  for (const { path } of manifest.files.filter((file) => file.path.startsWith('guard/head-guard')))
    await putFile(join(folder, path), `${headGuardFile}${path.slice('guard/head-guard'.length)}`);
}

async function putFile(from: string, to: string): Promise<void> {
  if ((await stat(to).catch(() => null)) !== null) return;
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const fresh = `${to}.${randomBytes(4).toString('hex')}.new`;
  await copyFile(from, fresh);
  await rename(fresh, to);
}

const wordsOf = (restored: Restored): string =>
  [
    `${restored.entries} ledger entries are back as of ${new Date(restored.made_ms).toISOString()}.`,
    ...(restored.subject_keys
      ? []
      : ['The householders’ keys are gone: no entry of theirs can be written or opened any more.']),
    ...(restored.subject_keys_too_old
      ? [
          `The householders’ keys are older than ${subjectKeysDays} days: erase again whoever was erased since, and delete that backup.`,
        ]
      : []),
    restored.writable
      ? 'The log goes on, unless its head guard or a witness knows a longer one.'
      : 'The log can be read and is not written to: `stabledoor ledger succeed` says what is lost and lets another go on.',
  ].join('\n');
