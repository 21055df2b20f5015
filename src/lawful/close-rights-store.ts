// After a restore nobody knows which supplies had ended: all do, and whoever supplies is recorded anew. An order that is still
// to be told goes over to the log that goes on, and nothing more is read by it.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';

export async function closeRightsOfLog(tx: BrokerTransaction, logId: number, nextId: number): Promise<void> {
  await sql`select lawful.close_log(${logId}::smallint, ${nextId}::smallint)`.execute(tx);
}
