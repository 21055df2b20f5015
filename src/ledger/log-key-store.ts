// The log's keys as the database keeps them: what is in force must sign every checkpoint, what is retired may sign none.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ProposalId } from '../lib/ids.ts';

export interface LogKeyRecord {
  /** The verifier key (C2SP signed-note). */
  readonly key: string;
  readonly publishedAt: Date;
  readonly retiredAt: Date | null;
}

/** Every key that the log has ever had, the newest last. */
export async function listLogKeys(db: Store, logId: number): Promise<LogKeyRecord[]> {
  const rows = await db
    .selectFrom('ledger.log_key')
    .select(['key', 'published_at', 'retired_at'])
    .where('log_id', '=', logId)
    .orderBy('published_at')
    .orderBy('key')
    .execute();
  return rows.map((row) => ({ key: row.key, publishedAt: row.published_at, retiredAt: row.retired_at }));
}

/** From the commit on, and in the very transaction, it must sign. Errors: SD004 for a key of another name. */
export async function insertLogKey(tx: BrokerTransaction, logId: number, key: string): Promise<void> {
  await sql`select ledger.publish_key(${logId}::smallint, ${key})`.execute(tx);
}

/** Errors: SD004 for a key that is not in force, or is the only one. In production the proposal must be approved. */
export async function retireLogKey(
  tx: BrokerTransaction,
  logId: number,
  key: string,
  proposalId: ProposalId | null,
): Promise<void> {
  await sql`select ledger.retire_key(${logId}::smallint, ${key}, ${proposalId})`.execute(tx);
}

/** A checkpoint was refused because this process does not sign with the keys that are in force now. */
export const isKeysMoved = (error: unknown): boolean => (error as { code?: unknown })?.code === 'SD006';
