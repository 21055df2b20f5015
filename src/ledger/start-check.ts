// Server, durability and rights, as they must be for the ledger to be written: one line that says what to mend, or null.
import type { Database } from '../db/database.ts';
import { readLedgerRights } from './ledger-store.ts';

const oldestServer = 150_000;

export async function findRightsFault(db: Database): Promise<string | null> {
  const found = await readLedgerRights(db);
  if (found.server < oldestServer) return 'PostgreSQL 15 or later is needed';
  if (found.fsync !== 'on') return 'fsync is off: switch it on, or the ledger could lose what it promised';
  if (found.full_page_writes !== 'on') return 'full_page_writes is off: switch it on';
  if (!['on', 'remote_apply'].includes(found.synchronous_commit))
    return `synchronous_commit is ${found.synchronous_commit}: switch it on for the application role`;
  if (found.too_much !== null)
    return `the application role may write to ${found.too_much}: connect as a member of stabledoor_app alone`;
  if (found.may_become !== null)
    return `the application role may become ${found.may_become}, which owns the ledger: connect as a member of stabledoor_app alone`;
  return null;
}
