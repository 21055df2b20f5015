// Opens what a command needs and closes it again, whatever happens: an embedded server that this command started must
// not outlive it, and one that a broker runs must not be stopped under it.
import type { Kysely } from 'kysely';
import type { Config } from '../config.ts';
import { type DatabaseClock, openClock } from '../db/clock.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { openStores, type Stores } from '../db/stores.ts';
import type { MeterStoreTables } from '../db/tables/meter-store.ts';
import { findLogInForce, type LogInForce } from '../ledger/log-in-force.ts';
import { openLogger } from '../observe/logger.ts';
import { openParts, type Parts } from '../parts.ts';

interface Closable {
  close(): Promise<void>;
}

/** Everything that the broker has, for commands that write to the ledger. */
export const withParts = <Answer>(config: Config, work: (parts: Parts) => Promise<Answer>): Promise<Answer> =>
  using(() => openParts(config, openLogger('silent')), work);

/** The databases alone. */
export const withStores = <Answer>(
  config: Config,
  work: (stores: Stores) => Promise<Answer>,
): Promise<Answer> => using(() => openStores(config), work);

export interface OpenDatabase {
  readonly db: Database;
  /** The log that is written to now, and those before it. */
  readonly log: LogInForce;
  readonly clock: DatabaseClock;
  readonly stores: Stores;
}

/** The broker's database and its clock. As the regulator's reader where there is one, unless the command writes. */
export const withDatabase = <Answer>(
  config: Config,
  work: (open: OpenDatabase) => Promise<Answer>,
  { writes = false } = {},
): Promise<Answer> =>
  withStores(config, async (stores) => {
    const { app, audit } = stores.addresses;
    const db = openDatabase({ url: writes ? app : (audit ?? app), maxConnections: 4 });
    try {
      const log = await findLogInForce(db, config.logOrigin);
      return await work({ db, log, clock: await openClock(db as never, null), stores });
    } finally {
      await db.destroy();
    }
  });

/** The meter store as the importer. Errors: no address of it was given. */
export async function withImporter<Answer>(
  stores: Stores,
  work: (store: Kysely<MeterStoreTables>) => Promise<Answer>,
): Promise<Answer> {
  const url = stores.addresses.importer;
  if (url === null)
    throw new Error('STABLEDOOR_IMPORT_DATABASE_URL is not set: it is the meter store as the importer');
  const store = openDatabase<MeterStoreTables>({ url, maxConnections: 2, statementTimeoutMs: 120_000 });
  try {
    return await work(store);
  } finally {
    await store.destroy();
  }
}

async function using<Opened extends Closable, Answer>(
  open: () => Promise<Opened>,
  work: (opened: Opened) => Promise<Answer>,
): Promise<Answer> {
  const opened = await open();
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= opened.close();
    return closing;
  };
  const leave = (signal: Signal) => void close().finally(() => process.exit(128 + signals[signal]));
  for (const signal of signalNames) process.once(signal, leave);
  try {
    return await work(opened);
  } finally {
    for (const signal of signalNames) process.off(signal, leave);
    await close();
  }
}

/** By number: a shell reports the end by a signal as 128 more. */
const signals = { SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof signals;
const signalNames = Object.keys(signals) as Signal[];
