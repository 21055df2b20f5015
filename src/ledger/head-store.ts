// What the checks of the head read: head, clock and newest checkpoint as of one moment, and the entries at the right edge.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

export interface HeadState {
  readonly size: number;
  readonly tip: Buffer;
  readonly frontier: Buffer[];
  readonly last_ms: number;
  /** ledger.now(), of the same moment. */
  readonly now_ms: number;
  /** How far ledger.now() was moved off the server's own clock. */
  readonly offset_ms: number;
  readonly mode: string;
  /** The name of the log that has succeeded it; null for one that goes on. */
  readonly succeeded_by: string | null;
  /** The newest checkpoint; null where there is none. */
  readonly checkpoint_size: number | null;
  readonly note: string | null;
}

/** One statement, so one snapshot: appends go on meanwhile. Null where there is no such log. */
export async function readHead(db: Store, logId: number): Promise<HeadState | null> {
  const { rows } = await sql<HeadState>`
    select h.size, h.tip, h.frontier, h.last_ms, ledger.now_ms() as now_ms, o.offset_ms, l.mode,
           (select n.origin from ledger.log n where n.succeeds = l.log_id) as succeeded_by,
           c.size as checkpoint_size, c.note
      from ledger.head h
      join ledger.log l on l.log_id = h.log_id
      cross join ledger.clock_offset o
      left join lateral (select c.size, c.note from ledger.checkpoint c where c.log_id = h.log_id
                         order by c.size desc limit 1) c on true
     where h.log_id = ${logId}`.execute(db);
  return rows[0] ?? null;
}

export interface EdgeEntry {
  readonly idx: number;
  readonly leaf: Buffer;
  readonly entry: Buffer;
}

export async function readEdge(db: Store, logId: number, from: number, to: number): Promise<EdgeEntry[]> {
  return await db
    .selectFrom('ledger.entry')
    .select(['idx', 'leaf', 'entry'])
    .where('log_id', '=', logId)
    .where('idx', '>=', from)
    .where('idx', '<', to)
    .orderBy('idx')
    .execute();
}
