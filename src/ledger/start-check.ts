// What must hold before the ledger writes its first entry: fail closed, with one line that says what to mend.
import type { Database } from '../db/database.ts';
import { findDamage, readLedgerRights } from './ledger-store.ts';

const oldestServer = 150_000;

/** Errors: an Error whose message names what is wrong with server, durability or rights. */
export async function checkLedgerRights(db: Database): Promise<void> {
  const found = await readLedgerRights(db);
  if (found.server < oldestServer) throw new Error('PostgreSQL 15 or later is needed');
  if (found.fsync !== 'on')
    throw new Error('fsync is off: switch it on, or the ledger could lose what it promised');
  if (found.full_page_writes !== 'on') throw new Error('full_page_writes is off: switch it on');
  if (!['on', 'remote_apply'].includes(found.synchronous_commit))
    throw new Error('synchronous_commit is off: switch it on for the application role');
  if (found.too_much !== null)
    throw new Error(
      `the application role may write to ${found.too_much}: connect as a member of stabledoor_app alone`,
    );
}

/** Errors: an Error that says what was done to the log's tables. What was done inside them, verification finds. */
export async function checkLedgerIsWhole(db: Database, logId: number): Promise<void> {
  const damage = await findDamage(db, logId);
  if (damage !== null) throw new Error(`the ledger was damaged: ${damage}`);
}
