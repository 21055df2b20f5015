// The cluster's folder: made once, whole or not at all, and found again with its superuser's password.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { EmbeddedHome } from './embedded-home.ts';
import { run } from './embedded-run.ts';

/** Makes what is missing and returns the superuser's password. Only one process at a time may. */
export async function makeCluster(home: EmbeddedHome): Promise<string> {
  const file = join(home.dataDir, 'postgres-password');
  const known = (await readFile(file, 'utf8').catch(() => '')).trim();
  const isThere = (await stat(join(home.cluster, 'PG_VERSION')).catch(() => null)) !== null;
  if (known !== '' && isThere) return known;
  if (known === '' && isThere) await setAside(home);
  const password = known === '' ? randomBytes(24).toString('base64url') : known;
  if (known === '') await writeFile(file, `${password}\n`, { mode: 0o600 });
  await initialise(home, password);
  return password;
}

/**
 * A cluster whose data folder was deleted stands outside it where we are root. It is moved away, not deleted: an empty
 * data folder may also be a disk that is not mounted yet. Other data folders inside this one (of tests) say nothing;
 * a file or a key folder says that this one was used, and then a new cluster would be a second history.
 */
async function setAside(home: EmbeddedHome): Promise<void> {
  const found = await readdir(home.dataDir, { withFileTypes: true });
  if (found.some((entry) => !entry.isDirectory() || entry.name.startsWith('keys-')))
    throw new Error(
      `the password of the PostgreSQL in ${home.folder} is missing: put back ${home.dataDir}/postgres-password`,
    );
  if ((await runningServer(home)) !== null)
    await run(home, home.binaries.pgCtl, ['stop', '-D', home.cluster, '-m', 'fast', '-w', '-t', '60']);
  await rename(home.cluster, `${home.cluster}-set-aside-${randomBytes(4).toString('hex')}`);
}

/**
 * initdb into a folder beside, renamed when whole: a start that was cut short leaves nothing half made. Each try has a
 * folder of its own, because an initdb whose parent was killed may go on for a moment.
 */
async function initialise(home: EmbeddedHome, password: string): Promise<void> {
  const start = join(home.folder, `unfinished-${randomBytes(4).toString('hex')}`);
  const fresh = join(start, 'cluster');
  const passwordFile = join(start, 'password');
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  for (const path of [start, fresh, passwordFile]) await home.giveToServer(path);
  try {
    await run(home, home.binaries.initdb, [
      `--pgdata=${fresh}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--data-checksums',
      '--encoding=UTF8',
      '--locale=C',
    ]);
    await rename(fresh, home.cluster);
  } finally {
    // After our own, for by now an initdb that was going on has come to its end.
    for (const name of await readdir(home.folder))
      if (name.startsWith('unfinished-')) await removeAll(join(home.folder, name));
  }
}

/** What cannot be removed is in nobody's way. */
const removeAll = (folder: string) =>
  rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => {});

export interface Running {
  readonly pid: number;
  readonly port: number;
}

const readyWithinMs = 60_000;

/** The server of this cluster once it takes connections; null when none runs. */
export async function runningServer(home: EmbeddedHome): Promise<Running | null> {
  const file = join(home.cluster, 'postmaster.pid');
  const until = performance.now() + readyWithinMs;
  for (;;) {
    // Lines: pid, data folder, start, port, socket folder, address, shared memory, status.
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return null;
    if (!(await isOurs(home, pid))) {
      // Another process has that pid by now, and PostgreSQL would refuse to start for fear of it.
      await rm(file, { force: true });
      return null;
    }
    if (lines[7]?.trim() === 'ready') return { pid, port };
    if (performance.now() > until) throw new Error(`the PostgreSQL in ${home.folder} does not get ready`);
    await wait(50);
  }
}

/** A server stands in its own data folder: that tells it from a process that was given its pid since. */
async function isOurs(home: EmbeddedHome, pid: number): Promise<boolean> {
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  if (folder !== null) return folder === (await realpath(home.cluster));
  const status = await run(home, home.binaries.pgCtl, ['status', '-D', home.cluster]).catch(() => null);
  return status !== null;
}
