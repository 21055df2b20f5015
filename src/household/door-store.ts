// The SQL of "keep my door shut": an occupier refuses every request unseen, for as long as they like. What is shared
// already goes on, and nobody else who lives there is told.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { OccupierId } from '../lib/ids.ts';

/** Since when it is shut; null while it is open. */
export async function doorShutAt(store: Store, occupierId: OccupierId): Promise<Date | null> {
  const row = await store
    .selectFrom('household.occupier')
    .select('door_shut_at')
    .where('occupier_id', '=', occupierId)
    .executeTakeFirst();
  return row?.door_shut_at ?? null;
}

/** Shutting a shut door leaves it as it was. */
export async function setDoor(store: Store, occupierId: OccupierId, door: 'shut' | 'open'): Promise<void> {
  await store
    .updateTable('household.occupier')
    .set({ door_shut_at: door === 'open' ? null : sql<Date>`coalesce(door_shut_at, ledger.now())` })
    .where('occupier_id', '=', occupierId)
    .execute();
}

/** For a trial outside production: a no of theirs is followed by quiet, as it is in production. */
export async function keepQuiet(store: Store, occupierId: OccupierId): Promise<void> {
  await store
    .updateTable('household.occupier')
    .set({ keeps_quiet: true })
    .where('occupier_id', '=', occupierId)
    .execute();
}
