// A real PostgreSQL 18 in the data folder, for when no DATABASE_URL is given. It runs as a server of its own
// (pg_ctl), so that one left behind by a killed broker is found by the pid in its own data folder and adopted.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type EmbeddedHome, findHome } from './embedded-home.ts';
import { run } from './embedded-run.ts';
import { joinUsers } from './embedded-users.ts';
import { freePort } from './free-port.ts';

export interface EmbeddedServer {
  readonly port: number;
  /** It ran already when we came. */
  readonly adopted: boolean;
  /** A connection string for a role and a database of this server. */
  url(role: string, password: string, database: string): string;
  readonly superuserPassword: string;
  /** Stops the server, unless another process uses it still. */
  stop(): Promise<void>;
}

const serverSettings = [
  'listen_addresses=127.0.0.1',
  "unix_socket_directories=''",
  'timezone=UTC',
  'log_timezone=UTC',
  'max_connections=200',
  'jit=off',
];

/** Starts the server, or adopts the one that runs in this folder already. */
export async function startEmbedded(dataDir: string): Promise<EmbeddedServer> {
  const home = await findHome(resolve(dataDir));
  const { started, user } = await joinUsers(home.folder, async () => {
    const superuserPassword = await readOrMakePassword(home);
    await initialise(home, superuserPassword);
    const running = await runningServer(home);
    const port = running?.port ?? (await startServer(home));
    return { superuserPassword, port, adopted: running !== null };
  });
  const { port } = started;
  return {
    ...started,
    url: (role, password, database) =>
      `postgres://${encodeURIComponent(role)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    stop: () => user.leave(() => stopServer(home)),
  };
}

async function stopServer(home: EmbeddedHome): Promise<void> {
  if ((await runningServer(home)) === null) return;
  await run(home, home.binaries.pgCtl, ['stop', '-D', home.cluster, '-m', 'fast', '-w', '-t', '60']);
}

async function readOrMakePassword(home: EmbeddedHome): Promise<string> {
  const file = join(home.dataDir, 'postgres-password');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    const password = randomBytes(24).toString('base64url');
    await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
    return password;
  }
}

/** initdb into a folder beside, renamed when whole: a start that was cut short leaves nothing half made. */
async function initialise(home: EmbeddedHome, password: string): Promise<void> {
  const marker = await readFile(join(home.cluster, 'PG_VERSION'), 'utf8').catch(() => null);
  if (marker !== null) return;
  const fresh = `${home.cluster}.new`;
  const passwordFile = `${home.cluster}.password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  await home.giveToServer(fresh);
  await home.giveToServer(passwordFile);
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
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(fresh, home.cluster);
}

interface Running {
  readonly pid: number;
  readonly port: number;
}

/** Reads postmaster.pid (line 1 the pid, line 4 the port); null when no such process runs. */
async function runningServer(home: EmbeddedHome): Promise<Running | null> {
  const lines = (await readFile(join(home.cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return null;
  const status = await run(home, home.binaries.pgCtl, ['status', '-D', home.cluster]).catch(() => null);
  return status === null ? null : { pid, port };
}

async function startServer(home: EmbeddedHome): Promise<number> {
  const port = await freePort();
  const log = join(home.folder, 'server.log');
  const options = [`-p ${port}`, ...serverSettings.map((setting) => `-c ${setting}`)].join(' ');
  try {
    await run(home, home.binaries.pgCtl, [
      'start',
      '-D',
      home.cluster,
      '-l',
      log,
      '-w',
      '-t',
      '60',
      '-o',
      options,
    ]);
    return port;
  } catch (cause) {
    const tail = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-3).join(' | ');
    throw new Error(`the embedded PostgreSQL did not start (${tail || 'no log'}); its log is ${log}`, {
      cause,
    });
  }
}
