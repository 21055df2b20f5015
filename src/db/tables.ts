// Every table the broker knows, gathered from one file a room, so that a column is described in one place.
import type { LedgerTables } from './tables/ledger.ts';

export interface Tables extends LedgerTables {}
