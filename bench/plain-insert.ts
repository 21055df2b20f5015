// What a program without a ledger would do with the same rows: one INSERT over unnest, a hundred and twenty-eight at a
// time, into one table with what the ledger keeps of an entry: its place, leaf, request id, household and text.
import { type Kysely, sql } from 'kysely';
import { newRequestId } from '../src/lib/ids.ts';
import type { Bed } from './bed.ts';
import { type Load, underLoad } from './measure.ts';

export async function plainInsert(
  { app, owner, households }: Bed,
  batchLength: number,
): Promise<(seconds: number) => Promise<Load>> {
  await sql`
    create schema plain;
    create table plain.entry (
      log_id smallint not null, idx bigint not null, leaf bytea not null, req uuid not null, household_id text,
      entry bytea not null, primary key (log_id, idx), unique (log_id, req)
    );
    grant usage on schema plain to stabledoor_app;
    grant insert on plain.entry to stabledoor_app`.execute(owner as unknown as Kysely<never>);
  // Rows that the ledger wrote, so that they have its length.
  const rows = await app
    .selectFrom('ledger.entry')
    .select(['leaf', 'entry'])
    .where('log_id', '=', 1)
    .orderBy('idx', 'desc')
    .limit(batchLength)
    .execute();
  const leaves = rows.map((row) => row.leaf);
  const entries = rows.map((row) => row.entry);
  const members = households.slice(0, rows.length);
  let next = 0;
  return async (seconds) => {
    const load = await underLoad(1, seconds, async () => {
      const from = next;
      next += rows.length;
      const reqs = rows.map(() => newRequestId());
      await sql`
        insert into plain.entry (log_id, idx, leaf, req, household_id, entry)
          select 1, ${from} + o - 1, l, r, h, e
            from unnest(${leaves}::bytea[], ${reqs}::uuid[], ${members}::text[], ${entries}::bytea[]) with ordinality
              u(l, r, h, e, o)`.execute(app);
    });
    return { ...load, rate: load.rate * rows.length };
  };
}
