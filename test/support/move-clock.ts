// Moves a test's own clock on: ledger.now(), in its databases alone.
import { sql } from 'kysely';
import type { Store } from '../../src/db/database.ts';

export const moveClock = (db: Store, byMs: number): Promise<unknown> =>
  sql`select ledger.move_clock(ledger.now_ms() + ${Math.round(byMs)}::bigint)`.execute(db);
