// A real PostgreSQL 18 in the data folder, for when no DATABASE_URL is given. It runs as a server of its own
// (pg_ctl), so that one left behind by a killed broker is found by the pid in its own data folder and adopted.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from '../observe/logger.ts';
import { makeCluster, runningServer } from './embedded-cluster.ts';
import { type EmbeddedHome, findHome } from './embedded-home.ts';
import { run } from './embedded-run.ts';
import { joinUsers } from './embedded-users.ts';
import { type ServerWatch, watchServer } from './embedded-watch.ts';
import { freePort } from './free-port.ts';

export interface EmbeddedServer {
  readonly port: number;
  /** It ran already when we came. */
  readonly adopted: boolean;
  /** Where its files stand. */
  readonly cluster: string;
  /** A connection string for a role and a database of this server. */
  url(role: string, password: string, database: string): string;
  readonly superuserPassword: string;
  /** From now on until `stop` the server is started again whenever it has died. Every user may ask for it. */
  keepRunning(logger: Logger): void;
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
  // The server's log must hold no value of a statement: neither its text nor the key of a violated constraint.
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
];

/** Starts the server, or adopts the one that runs in this folder already. */
export async function startEmbedded(dataDir: string): Promise<EmbeddedServer> {
  const home = await findHome(resolve(dataDir));
  const { started, user } = await joinUsers(home.folder, async () => {
    const superuserPassword = await makeCluster(home);
    const running = await runningServer(home);
    const port = running?.port ?? (await startServer(home, await freePort()));
    return { superuserPassword, port, adopted: running !== null };
  });
  const { port } = started;
  let watch: ServerWatch | null = null;
  const ensureRuns = async () => {
    if ((await runningServer(home)) !== null) return false;
    return await user.inTurn(async () => {
      if ((await runningServer(home)) !== null) return false;
      await startServer(home, port);
      return true;
    });
  };
  return {
    ...started,
    cluster: home.cluster,
    url: (role, password, database) =>
      `postgres://${encodeURIComponent(role)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    keepRunning(logger) {
      watch ??= watchServer(ensureRuns, logger);
    },
    async stop() {
      await watch?.close();
      await user.leave(() => stopServer(home));
    },
  };
}

async function stopServer(home: EmbeddedHome): Promise<void> {
  if ((await runningServer(home)) === null) return;
  try {
    await run(home, home.binaries.pgCtl, ['stop', '-D', home.cluster, '-m', 'fast', '-w', '-t', '60']);
  } catch (error) {
    // One that was killed meanwhile leaves its pid file, which pg_ctl takes for a server that does not obey.
    if ((await runningServer(home)) !== null) throw error;
  }
}

async function startServer(home: EmbeddedHome, port: number): Promise<number> {
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
