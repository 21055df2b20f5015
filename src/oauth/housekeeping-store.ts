// The SQL of housekeeping: one function, which alone may delete, and a few rows at a time.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

/** Gives the most rows that went from any one table: `most` means that there is more. */
export async function sweep(store: Store, most: number): Promise<number> {
  const { rows } = await sql<{ largest: number }>`select oauth.sweep(${most}::integer) as largest`.execute(
    store,
  );
  return rows[0]?.largest ?? 0;
}
