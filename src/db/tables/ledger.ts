// The rows of the schemas `ledger`, `subject` and `evidence`. The application may read them and execute the functions, no more.

export interface LedgerTables {
  'ledger.log': { log_id: number; origin: string; mode: string; opened_at: Date; succeeds: number | null };
  'ledger.log_key': { log_id: number; key: string; published_at: Date; retired_at: Date | null };
  'ledger.head': {
    log_id: number;
    size: number;
    tip: Buffer;
    frontier: Buffer[];
    last_ms: number;
    /** Another log has succeeded it. */
    closed: boolean;
  };
  'ledger.entry': { log_id: number; idx: number; leaf: Buffer; entry: Buffer };
  /** Level 1 and up; level 0 is ledger.entry.leaf. */
  'ledger.tile_hash': { log_id: number; level: number; place: number; hash: Buffer };
  'ledger.request': { log_id: number; req: string; idx: number };
  /** Numbers of the meter store that have an entry, and are not settled yet. */
  'ledger.store_read': { log_id: number; number: number; store_start: string };
  'ledger.checkpoint': { log_id: number; size: number; note: string };
  'ledger.witnessed': {
    log_id: number;
    size: number;
    note: string;
    /** As it was first kept: exports hold this, so that they come out the same again. */
    first_note: string;
    witnessed_at: Date;
  };
  'ledger.pending': {
    log_id: number;
    pending_id: number;
    req: string;
    household_id: string | null;
    body: string;
    created_at: Date;
  };
  'subject.chain': { log_id: number; household_id: string; next_sseq: number };
  /** Under the household's key: what an entry commits to and must be shown one day. */
  'evidence.sealed': { log_id: number; idx: number; sealed: Buffer };
  'subject.entry': { log_id: number; household_id: string; sseq: number; idx: number };
}
