// What a program without a ledger would do with the same rows: one INSERT over unnest, as many at a time as the ledger has in
// a batch, into one table. It keeps what the ledger keeps of an entry (place, leaf, request, household, number of the read,
// text) and finds it by what the ledger finds it by; it checks, hashes and chains nothing.
import { type Kysely, sql } from 'kysely';
import { newRequestId } from '../src/lib/ids.ts';
import type { Bed } from './bed.ts';
import { type Load, underLoad } from './measure.ts';

const table = (owner: Kysely<never>) =>
  sql`
  create schema plain;
  create table plain.entry (
    log_id smallint not null, idx bigint not null, leaf bytea not null, req uuid not null, household_id text,
    sseq bigint, store_read bigint, entry bytea not null,
    primary key (log_id, idx), unique (log_id, req), unique (log_id, household_id, sseq), unique (log_id, store_read)
  );
  grant usage on schema plain to stabledoor_app;
  grant insert on plain.entry to stabledoor_app`.execute(owner);

export async function plainInsert(
  { app, owner, households }: Bed,
  batchLength: number,
): Promise<(seconds: number) => Promise<Load>> {
  await table(owner as unknown as Kysely<never>);
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
  let next = 0;
  return async (seconds) => {
    const load = await underLoad(1, seconds, async () => {
      const from = next;
      next += rows.length;
      const reqs = rows.map(() => newRequestId());
      const places = rows.map((_, i) => from + i);
      const members = places.map((place) => households[place % households.length] as string);
      const sseqs = places.map((place) => Math.floor(place / households.length));
      await sql`
        insert into plain.entry (log_id, idx, leaf, req, household_id, sseq, store_read, entry)
          select 1, p, l, r, h, s, p, e
            from unnest(${places}::bigint[], ${leaves}::bytea[], ${reqs}::uuid[], ${members}::text[], ${sseqs}::bigint[],
              ${entries}::bytea[]) u(p, l, r, h, s, e)`.execute(app);
    });
    return { ...load, rate: load.rate * rows.length };
  };
}
