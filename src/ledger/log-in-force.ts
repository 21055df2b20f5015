// Which log is written to now. The settings name the first one; where that was set back and succeeded, its successors
// follow, each with a name, a key and a number of its own, and the last of them is the one in force.
import type { Store } from '../db/database.ts';
import { listLogs } from './ledger-store.ts';

export interface LogName {
  readonly logId: number;
  readonly origin: string;
}

export interface LogInForce extends LogName {
  /** The logs that it goes on for, the oldest first. */
  readonly formers: readonly LogName[];
}

/** All of them, the oldest first: counted from 1, as they are told apart outside. */
export const lineOf = ({ formers, logId, origin }: LogInForce): readonly LogName[] => [
  ...formers,
  { logId, origin },
];

/** `origin` is of the first log, or of any of its successors. A log that is not there yet is number 1. */
export async function findLogInForce(db: Store, origin: string): Promise<LogInForce> {
  const rows = await listLogs(db);
  const byId = new Map(rows.map((row) => [row.log_id, row]));
  let newest = rows.find((row) => row.origin === origin);
  if (newest === undefined) return { logId: firstLogId, origin, formers: [] };
  for (;;) {
    const next = rows.find((row) => row.succeeds === newest?.log_id);
    if (next === undefined) break;
    newest = next;
  }
  const formers: LogName[] = [];
  for (let at = byId.get(newest.succeeds ?? 0); at !== undefined; at = byId.get(at.succeeds ?? 0))
    formers.unshift({ logId: at.log_id, origin: at.origin });
  return { logId: newest.log_id, origin: newest.origin, formers };
}

const firstLogId = 1;
