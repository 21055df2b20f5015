// The doctor's look at the databases: reachable, migrated, with the right rights, and holding the log that the
// settings and the key belong to.
import { stat } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { Config } from '../config.ts';
import { openClock } from '../db/clock.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { pendingMigrations, type StoreName } from '../db/migrate.ts';
import type { Stores } from '../db/stores.ts';
import { openCheckpoint } from '../ledger/checkpoint.ts';
import { countPending, findLog, headTimeMs, latestCheckpoint } from '../ledger/ledger-store.ts';
import { findLogInForce } from '../ledger/log-in-force.ts';
import { nodeCrypto } from '../ledger/node-crypto.ts';
import { readLedgerKeys } from '../ledger/signing-key.ts';
import { findRightsFault } from '../ledger/start-check.ts';
import { lookAtTree } from '../ledger/tree-damage.ts';
import { assertReadOnly } from '../parts.ts';
import { type Check, type Finding, run } from './check.ts';
import { withStores } from './opened.ts';

export async function checkDatabases(config: Config): Promise<Finding[]> {
  // The doctor does not make a database to have something to look at.
  if (config.databases === null && (await stat(config.dataDir).catch(() => null)) === null)
    return [
      { check: 'databases', state: 'not checked', detail: 'there are none yet; the first start makes them' },
    ];
  const findings: Finding[] = [];
  const opened = await run({
    name: 'databases',
    mend: 'start the server that the addresses name, or look at the log that the message names',
    look: () => withStores(config, async (stores) => examine(config, stores, findings)),
  });
  return [opened, ...findings];
}

async function examine(config: Config, stores: Stores, findings: Finding[]): Promise<string> {
  const { addresses, embedded } = stores;
  const db = openDatabase({ url: addresses.app, maxConnections: 2 });
  const meterStore = openDatabase<unknown>({ url: addresses.meterReader, maxConnections: 2 });
  const subjectKeys = openDatabase<unknown>({ url: addresses.subjectKeys, maxConnections: 2 });
  try {
    const checks = [
      migrationCheck('broker', db as unknown as Kysely<unknown>),
      migrationCheck('meter-store', meterStore),
      migrationCheck('subject-keys', subjectKeys),
      rightsCheck(db),
      meterStoreCheck(meterStore),
      logCheck(config, db),
      treeCheck(config, db),
      clockCheck(config, db),
      pendingCheck(config, db),
    ];
    for (const check of checks) findings.push(await run(check));
  } finally {
    await Promise.all([db.destroy(), meterStore.destroy(), subjectKeys.destroy()]);
  }
  return embedded === null ? 'those of DATABASE_URL' : `embedded, on port ${embedded.port}`;
}

const migrationCheck = (store: StoreName, db: Kysely<unknown>): Check => ({
  name: `migrations of ${store}`,
  mend: 'run `stabledoor migrate`',
  async look() {
    const pending = await pendingMigrations(db, store);
    if (pending.length > 0) throw new Error(`${pending.join(', ')} not applied`);
    return 'newest';
  },
});

const rightsCheck = (db: Database): Check => ({
  name: 'rights and durability',
  mend: 'mend what is named: the application role is a member of stabledoor_app alone (docs/1-running.md)',
  async look() {
    const fault = await findRightsFault(db);
    if (fault !== null) throw new Error(fault);
    return 'the application role can only append, durably';
  },
});

const meterStoreCheck = (db: Kysely<unknown>): Check => ({
  name: 'meter store',
  mend: 'connect as a role that is a member of stabledoor_meter_reader alone (docs/1-running.md)',
  async look() {
    await assertReadOnly(db);
    return 'read only';
  },
});

const logCheck = (config: Config, db: Database): Check => ({
  name: 'log',
  mend: 'set STABLEDOOR_MODE, STABLEDOOR_LOG_ORIGIN and STABLEDOOR_KEY_DIR to those that the log was opened with',
  async look() {
    const { logId, origin } = await findLogInForce(db, config.logOrigin);
    const log = await findLog(db, logId);
    if (log === null) return 'is opened at the first start';
    if (log.origin !== origin || log.mode !== config.mode)
      throw new Error(`it is ${log.origin} in ${log.mode} mode, not ${origin} in ${config.mode} mode`);
    const checkpoint = await latestCheckpoint(db, logId);
    if (checkpoint === null) return `${log.origin}, empty`;
    const keys = (await readLedgerKeys(config.keyDir)).map(({ signer }) => signer.key);
    const trust = { origin: log.origin, logKeys: keys.filter(({ name }) => name === log.origin) };
    await openCheckpoint(checkpoint.note, trust, nodeCrypto);
    return `${log.origin}, ${checkpoint.size} entries; the newest checkpoint is signed with our key`;
  },
});

/** What is older, `stabledoor ledger verify` looks at. */
const newestEntries = 1_048_576;

const treeCheck = (config: Config, db: Database): Check => ({
  name: 'stored tree',
  mend: 'somebody changed the database past the broker: verify it (`stabledoor ledger verify`), keep it, and restore a backup',
  async look() {
    const { logId } = await findLogInForce(db, config.logOrigin);
    const damage = await lookAtTree(db, logId, { last: newestEntries });
    if (damage !== null) throw new Error(damage);
    return `the newest ${newestEntries.toLocaleString('en')} entries at most, and all upper hashes that they make`;
  },
});

const clockCheck = (config: Config, db: Database): Check => ({
  name: 'clock',
  mend: 'set the machine’s clock right; a sandbox that was moved into the future stays there',
  async look() {
    const clock = await openClock(db as never, null);
    const { logId } = await findLogInForce(db, config.logOrigin);
    const newest = await headTimeMs(db, logId);
    const behind = newest - clock.nowMs();
    if (behind > 2000) throw new Error(`it is ${Math.ceil(behind / 1000)} s behind the newest entry`);
    return new Date(clock.nowMs()).toISOString();
  },
});

const pendingCheck = (config: Config, db: Database): Check => ({
  name: 'entries that wait',
  mend: 'start the broker: it writes them first',
  async look() {
    const { logId } = await findLogInForce(db, config.logOrigin);
    const waiting = await countPending(db, logId);
    if (waiting > 0) throw new Error(`${waiting}`);
    return 'none';
  },
});
