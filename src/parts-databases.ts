// The broker's handles on its databases, each with no more connections and rights than its part needs.
import type { Kysely } from 'kysely';
import { type Database, openDatabase } from './db/database.ts';
import type { StoreAddresses } from './db/stores.ts';
import type { MeterStoreTables } from './db/tables/meter-store.ts';
import { defaultLimits } from './ledger/sequencer.ts';
import type { SubjectKeyTables } from './ledger/subject-key-store.ts';

export interface Handles {
  readonly db: Database;
  /** The same database, for the householder's pages alone. */
  readonly pagesDb: Database;
  /** The same database, for batches alone. */
  readonly ledgerDb: Database;
  readonly subjectKeys: Kysely<SubjectKeyTables>;
  readonly meterStore: Kysely<MeterStoreTables>;
  close(): Promise<void>;
}

export function openHandles({ app, subjectKeys: keysUrl, meterReader }: StoreAddresses): Handles {
  const db = openDatabase({ url: app, maxConnections: 16, applicationName: 'stabledoor broker' });
  // Reads that crowd the others must not keep a householder from stopping.
  const pagesDb = openDatabase({ url: app, maxConnections: 8, applicationName: 'stabledoor pages' });
  // No page waits where an append should, and each statement has the append's deadline.
  const ledgerDb = openDatabase({
    url: app,
    maxConnections: 4,
    applicationName: 'stabledoor ledger',
    statementTimeoutMs: defaultLimits.deadlineMs,
  });
  const subjectKeys = openDatabase<SubjectKeyTables>({ url: keysUrl, maxConnections: 4 });
  const meterStore = openDatabase<MeterStoreTables>({ url: meterReader, maxConnections: 8 });
  const all = [db, pagesDb, ledgerDb, subjectKeys, meterStore];
  return {
    db,
    pagesDb,
    ledgerDb,
    subjectKeys,
    meterStore,
    close: () => Promise.all(all.map((each) => each.destroy())).then(() => {}),
  };
}
