// `stabledoor backup DIR`: databases, signing keys and head guard together, as of one moment, beside a running broker or
// without one. Written under another name and renamed when whole: a backup that is there is a whole one.
import { randomBytes } from 'node:crypto';
import { copyFile, lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Kysely, Transaction } from 'kysely';
import { type Config, readConfig } from '../config.ts';
import {
  type BackupFile,
  type BackupManifest,
  backupFormat,
  type DumpedDatabase,
  hashOf,
  manifestName,
  subjectKeysDays,
  subjectKeysFolder,
} from '../db/backup-manifest.ts';
import { machineClock } from '../db/clock.ts';
import { openDatabase } from '../db/database.ts';
import {
  appliedMigrations,
  dumpTable,
  freeze,
  listSequences,
  listTables,
  openStaging,
  type Staging,
} from '../db/dump-database.ts';
import type { EmbeddedServer } from '../db/embedded.ts';
import type { StoreName } from '../db/migrate.ts';
import { databasesOf } from '../db/provision.ts';
import { databaseName, type Stores } from '../db/stores.ts';
import { UsageError } from './failure.ts';
import { withStores } from './opened.ts';
import { openOutput } from './output.ts';

interface BackupOptions {
  readonly withoutSubjectKeys?: true;
  readonly json?: true;
}

export function addBackupCommand(program: Command): void {
  program
    .command('backup <folder>')
    .description('databases, signing keys and head guard of this mode together, into a new folder')
    .option('--without-subject-keys', 'leave out the householders’ keys, whose backups are kept for 30 days')
    .option('--json', 'answer as JSON')
    .addHelpText('after', help)
    .action(async (folder: string, options: BackupOptions) => {
      const made = await makeBackup(readConfig(), resolve(folder), {
        subjectKeys: options.withoutSubjectKeys !== true,
      });
      openOutput(options.json ?? false).answer({ ...made }, wordsOf(made));
    });
}

const help = `
Householders' keys are in ${subjectKeysFolder}/, which may be moved away and must be deleted within ${subjectKeysDays} days: an older
copy would bring back who was erased since. The rest holds signing keys: keep it as private as the key folder.`;

export interface MadeBackup {
  readonly folder: string;
  readonly mode: string;
  readonly made_ms: number;
  readonly entries: number;
  readonly bytes: number;
  readonly subject_keys: boolean;
}

/** What stands where DATABASE_URL names a server of one's own. */
export const ownServerLine = (what: string): string =>
  `${what} is for the embedded PostgreSQL; with DATABASE_URL, back up the broker’s database, the meter store and the subject keys (those for ${subjectKeysDays} days at most) with your server’s own tools (pg_basebackup and archived WAL, or pg_dump of all three at one time), and the key folder and head guard file beside them`;

/** Errors: UsageError if the folder is there and not empty, or the databases are not the embedded ones. */
export async function makeBackup(
  config: Config,
  folder: string,
  { subjectKeys }: { readonly subjectKeys: boolean },
): Promise<MadeBackup> {
  if (config.databases !== null) throw new UsageError(ownServerLine('backup'));
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UsageError(`${folder} is no folder`);
  });
  if (there.length > 0)
    throw new UsageError(`${folder} is not empty: a backup goes into a folder of its own`);
  const fresh = join(dirname(folder), `.${basename(folder)}.${randomBytes(4).toString('hex')}.part`);
  try {
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    const made = await withStores(config, (stores) => fill(config, stores, fresh, subjectKeys));
    await rename(fresh, folder);
    return { folder, ...made };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function fill(
  config: Config,
  { embedded }: Stores,
  folder: string,
  subjectKeys: boolean,
): Promise<Omit<MadeBackup, 'folder'>> {
  if (embedded === null) throw new UsageError(ownServerLine('backup'));
  const { mode } = config;
  const about = { format: backupFormat, mode, made_ms: machineClock.nowMs() } as const;
  // Before the databases: a guard that knows more than the backup holds would call it an old one.
  const beside = [...(await copyKeys(config, folder)), ...(await copyGuards(config, folder))];
  const staging = await openStaging(config.dataDir);
  try {
    const stores: StoreName[] = [
      'broker',
      'meter-store',
      ...(subjectKeys ? (['subject-keys'] as const) : []),
    ];
    const dumped = await dumpAll(embedded, config, stores, staging, folder);
    const { 'subject-keys': keys, ...rest } = dumped;
    const files = Object.values(rest).flatMap((one) => one.files);
    await writeManifest(folder, {
      ...about,
      databases: Object.fromEntries(Object.entries(rest).map(([store, one]) => [store, one.database])),
      files: [...beside, ...files],
    });
    if (keys)
      await writeManifest(join(folder, subjectKeysFolder), {
        ...about,
        databases: { 'subject-keys': keys.database },
        files: keys.files,
      });
    const bytes = [...beside, ...files, ...(keys?.files ?? [])].reduce((sum, file) => sum + file.bytes, 0);
    const entries = rest.broker?.database.tables.find(({ table }) => table === 'ledger.entry')?.rows ?? 0;
    return { mode, made_ms: about.made_ms, entries, bytes, subject_keys: keys !== undefined };
  } finally {
    await staging.remove();
  }
}

type Dumped = Partial<Record<StoreName, { database: DumpedDatabase; files: BackupFile[] }>>;

/** All are frozen before the first is read, the broker first: whatever it names is in the others. */
async function dumpAll(
  server: EmbeddedServer,
  { mode }: Config,
  stores: readonly StoreName[],
  staging: Staging,
  folder: string,
): Promise<Dumped> {
  const dumped: Dumped = {};
  const names = databasesOf(databaseName[mode]);
  const freezeNext = async (
    left: readonly StoreName[],
    frozen: readonly [StoreName, Transaction<unknown>][],
  ): Promise<void> => {
    const [next, ...others] = left;
    if (next === undefined) {
      for (const [store, tx] of frozen) dumped[store] = await dumpOne(tx, store, staging, folder);
      return;
    }
    await asSuperuser(server, names[next], (db) =>
      db.transaction().execute(async (tx) => {
        await freeze(tx);
        await freezeNext(others, [...frozen, [next, tx]]);
      }),
    );
  };
  await freezeNext(stores, []);
  return dumped;
}

/** The householders' keys go into a folder that is a backup by itself. */
const placeOf = (store: StoreName, table: string): { within: string; path: string } =>
  store === 'subject-keys'
    ? { within: subjectKeysFolder, path: `${table}.copy` }
    : { within: '.', path: `${store}/${table}.copy` };

async function dumpOne(tx: Transaction<unknown>, store: StoreName, staging: Staging, folder: string) {
  const files: BackupFile[] = [];
  const tables: DumpedDatabase['tables'] = [];
  for (const { table, columns } of await listTables(tx)) {
    const staged = join(staging.folder, `${store}.${table}`);
    const rows = await dumpTable(tx, { table, columns }, staged);
    const { within, path } = placeOf(store, table);
    files.push(await keep(staged, join(folder, within), path));
    await rm(staged);
    tables.push({ table, columns: [...columns], rows, path });
  }
  const sequences = await listSequences(tx);
  return { database: { migrations: await appliedMigrations(tx), tables, sequences }, files };
}

/** Durable when it resolves. */
async function keep(from: string, folder: string, path: string): Promise<BackupFile> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to);
  const file = await open(to, 'r+');
  try {
    await file.chmod(0o600);
    await file.sync();
    const { size } = await file.stat();
    return { path, bytes: size, sha256: await hashOf(to) };
  } finally {
    await file.close();
  }
}

async function copyKeys({ keyDir }: Config, folder: string): Promise<BackupFile[]> {
  const found = await readdir(keyDir, { withFileTypes: true }).catch(() => []);
  const names = found.filter((entry) => entry.isFile()).map((entry) => entry.name);
  return await Promise.all(names.map((name) => keep(join(keyDir, name), folder, `keys/${name}`)));
}

async function copyGuards({ headGuardFile }: Config, folder: string): Promise<BackupFile[]> {
  const first = basename(headGuardFile);
  const names = (await readdir(dirname(headGuardFile)).catch(() => [])).filter(
    (name) => name.startsWith(first) && /^(-[0-9]+)?$/.test(name.slice(first.length)),
  );
  return await Promise.all(
    names.map((name) =>
      keep(join(dirname(headGuardFile), name), folder, `guard/head-guard${name.slice(first.length)}`),
    ),
  );
}

async function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  const path = join(folder, manifestName);
  if ((await lstat(path).catch(() => null)) !== null) throw new Error(`${path} is there already`);
  await writeFile(path, `${JSON.stringify(manifest, null, 1)}\n`, { mode: 0o600, flush: true });
}

export async function asSuperuser<Answer>(
  server: EmbeddedServer,
  database: string,
  work: (db: Kysely<unknown>) => Promise<Answer>,
): Promise<Answer> {
  const db = openDatabase<unknown>({
    url: server.url('postgres', server.superuserPassword, database),
    maxConnections: 1,
    statementTimeoutMs: 6 * 3_600_000,
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

const wordsOf = ({ folder, mode, entries, bytes, subject_keys }: MadeBackup): string =>
  [
    `${folder} holds the ${mode} databases with ${entries} ledger entries, the signing keys and the head guard (${bytes} bytes).`,
    subject_keys
      ? `Delete ${join(folder, subjectKeysFolder)} within ${subjectKeysDays} days: it holds the householders’ keys.`
      : 'The householders’ keys are not in it: without them what is restored can show no commitment and write no entry of a household.',
    'Keep it as private as the key folder, and not on this machine.',
  ].join('\n');
