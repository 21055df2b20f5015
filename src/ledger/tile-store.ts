// Reads the hashes of the tree where they are kept: leaves with their entries, upper levels in ledger.tile_hash.
// A hash that should be there and is not is a fault of the store, never a shorter answer.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { Hash } from './merkle.ts';
import { splitHashes } from './tile.ts';
import type { HashRun } from './tile-proof.ts';

interface RunRow {
  readonly position: number;
  readonly hashes: Buffer | null;
}

/** The hashes of each run, in the order asked. Errors: StoredTreeFault. */
export async function readRuns(db: Store, logId: number, runs: readonly HashRun[]): Promise<Hash[][]> {
  if (runs.length === 0) return [];
  // One text a run: arrays of bytea cost more to encode and parse than to read. A subquery a run, which reads in the
  // order of the index: joined and grouped, the same rows were sorted and took seven times as long.
  const { rows } = await sql<RunRow>`
    select r.position, case r.level
        when 0 then (select string_agg(e.leaf, ''::bytea order by e.idx) from ledger.entry e
          where e.log_id = ${logId} and e.idx >= r.start_place and e.idx < r.end_place)
        else (select string_agg(t.hash, ''::bytea order by t.place) from ledger.tile_hash t
          where t.log_id = ${logId} and t.level = r.level and t.place >= r.start_place and t.place < r.end_place)
      end as hashes
      from unnest(${runs.map((run) => run.level)}::smallint[], ${runs.map((run) => run.from)}::bigint[],
        ${runs.map((run) => run.to)}::bigint[]) with ordinality r(level, start_place, end_place, position)`.execute(
    db,
  );
  const found = new Map(rows.map((row) => [row.position, row.hashes]));
  return runs.map((run, i) => {
    const bytes = found.get(i + 1);
    if (bytes?.length !== (run.to - run.from) * 32) throw new StoredTreeFault(run);
    return splitHashes(bytes);
  });
}

/** The store has lost hashes: rows are missing, or were never written. */
export class StoredTreeFault extends Error {
  override readonly name = 'StoredTreeFault';
  constructor({ level, from, to }: HashRun) {
    super(`the stored tree lacks hashes ${from} to ${to - 1} of level ${level}`);
  }
}

/** The entries of a bundle, `from` inclusive to `to` exclusive. */
export async function readEntryBytes(
  db: Store,
  logId: number,
  from: number,
  to: number,
): Promise<Uint8Array[]> {
  const rows = await db
    .selectFrom('ledger.entry')
    .select('entry')
    .where('log_id', '=', logId)
    .where('idx', '>=', from)
    .where('idx', '<', to)
    .orderBy('idx')
    .execute();
  if (rows.length !== to - from) throw new Error(`the store lacks entries between ${from} and ${to - 1}`);
  return rows.map((row) => row.entry);
}

/** How many entries the log has; 0 also where there is no such log. */
export async function readSize(db: Store, logId: number): Promise<number> {
  const row = await db
    .selectFrom('ledger.head')
    .select('size')
    .where('log_id', '=', logId)
    .executeTakeFirst();
  return row?.size ?? 0;
}

export interface StoredTree {
  /** Of the log now. */
  readonly newest: number;
  readonly size: number;
  /** The signed note of that size, with cosignatures where it has them; null where no batch ended there. */
  readonly checkpoint: string | null;
}

/** The tree of that size, or the newest: how far the log has come, and what was signed. */
export async function findTree(db: Store, logId: number, size: number | undefined): Promise<StoredTree> {
  const { rows } = await sql<{ newest: number; size: number; note: string | null }>`
    select h.size as newest, w.size, coalesce(k.note, c.note) as note
      from ledger.head h
      cross join lateral (select coalesce(${size ?? null}::bigint, h.size) as size) w
      left join ledger.checkpoint c on c.log_id = h.log_id and c.size = w.size
      left join ledger.witnessed k on k.log_id = c.log_id and k.size = c.size
      where h.log_id = ${logId}`.execute(db);
  const [row] = rows;
  if (row === undefined) return { newest: 0, size: size ?? 0, checkpoint: null };
  return { newest: row.newest, size: row.size, checkpoint: row.note };
}
