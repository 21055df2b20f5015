// A whole broker listening on a free port: what `npm start` runs, in this process. On a test file's databases, or with
// an embedded server of its own for tests that stop the database.
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/db/database.ts';
import { freePort } from '../../src/db/free-port.ts';
import { openParts, type Parts } from '../../src/parts.ts';
import type { TestDatabases } from './database.ts';
import { quietLogger } from './ledger.ts';

export interface TestBroker {
  readonly parts: Parts;
  readonly issuer: string;
  /** The settings of this broker, for another process beside it. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
  /** Closes it and keeps its folder. */
  leave(): Promise<void>;
}

export interface BrokerOptions {
  readonly mode?: 'sandbox' | 'demo';
  /** The time at which the log opens. */
  readonly startMs?: number;
  /** Further settings, such as STABLEDOOR_ISSUER; PORT is put where it says `PORT`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Null: an embedded server in a folder of its own. */
  readonly databases: TestDatabases | null;
  /** Start over on the data folder, keys and address of a broker before, which was left with `leave`. */
  readonly again?: TestBroker;
}

export async function testBroker(options: BrokerOptions): Promise<TestBroker> {
  const { mode = 'demo', startMs, databases, again } = options;
  const dataDir = again?.parts.config.dataDir ?? (await mkdtemp(join(tmpdir(), 'stabledoor-')));
  const port = String(await freePort());
  const further = Object.entries(options.environment ?? {}).map(([name, value]) => [
    name,
    value.replace('PORT', port),
  ]);
  const environment = again?.environment ?? {
    PORT: port,
    STABLEDOOR_MODE: mode,
    STABLEDOOR_DATA_DIR: dataDir,
    ...(databases === null ? {} : addressesOf(databases)),
    ...Object.fromEntries(further),
  };
  const config = readConfig(environment);
  const parts = await openParts(config, quietLogger, {
    async beforeLog(stores) {
      if (startMs !== undefined) await setClock(databases?.urls.owner ?? stores.addresses.owner, startMs);
    },
  });
  const server = await listen(parts);
  const leave = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await parts.close();
  };
  return {
    parts,
    issuer: config.issuer,
    environment,
    leave,
    async close() {
      await leave();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const addressesOf = ({ urls }: TestDatabases) => ({
  DATABASE_URL: urls.app,
  STABLEDOOR_AUDIT_DATABASE_URL: urls.audit,
  STABLEDOOR_METER_STORE_URL: urls.meterReader,
  STABLEDOOR_IMPORT_DATABASE_URL: urls.importer,
  STABLEDOOR_SUBJECT_KEYS_URL: urls.subjectKeys,
});

async function setClock(ownerUrl: string | null, startMs: number): Promise<void> {
  const owner = openDatabase({ url: ownerUrl as string, maxConnections: 1 });
  const offset = Math.round(startMs - Date.now());
  await sql`update ledger.clock_offset set offset_ms = ${offset}::bigint`.execute(owner);
  await owner.destroy();
}

const listen = (parts: Parts): Promise<Server> =>
  new Promise((done, fail) => {
    const server = createApp(parts).listen(parts.config.port, '127.0.0.1', (error?: Error) =>
      error ? fail(error) : done(server),
    );
  });
