// The SQL of sessions: found by the hash of their token, while neither their idle nor their absolute time is over.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { HouseholdId, OccupierId } from '../lib/ids.ts';

const now = sql<Date>`ledger.now()`;
const seconds = (count: number) => sql`${count} * interval '1 second'`;

export async function insertSession(
  tx: BrokerTransaction,
  session: {
    tokenHash: Buffer;
    occupierId: OccupierId;
    lifetimeSeconds: number;
    signedInBy: 'code' | 'passkey';
  },
): Promise<void> {
  await tx
    .insertInto('household.session')
    .values({
      token_hash: session.tokenHash,
      occupier_id: session.occupierId,
      begun_at: now,
      seen_at: now,
      expires_at: sql<Date>`ledger.now() + ${seconds(session.lifetimeSeconds)}`,
      signed_in_by: session.signedInBy,
    })
    .execute();
}

export interface SessionRow {
  readonly occupierId: OccupierId;
  readonly householdId: HouseholdId;
  readonly email: string;
  readonly signedInBy: 'code' | 'passkey';
  /** True when `seen_at` is old enough to be worth a write. */
  readonly stale: boolean;
}

export async function findSession(
  store: Store,
  tokenHash: Buffer,
  limits: { idleSeconds: number; staleSeconds: number },
): Promise<SessionRow | null> {
  const row = await store
    .selectFrom('household.session as s')
    .innerJoin('household.occupier as o', 'o.occupier_id', 's.occupier_id')
    .select(['o.occupier_id', 'o.household_id', 'o.email'])
    .select('s.signed_in_by')
    .select(sql<boolean>`s.seen_at < ledger.now() - ${seconds(limits.staleSeconds)}`.as('stale'))
    .where('s.token_hash', '=', tokenHash)
    .where('s.ended_at', 'is', null)
    .where('s.expires_at', '>', now)
    .where('s.seen_at', '>', sql<Date>`ledger.now() - ${seconds(limits.idleSeconds)}`)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    occupierId: row.occupier_id as OccupierId,
    householdId: row.household_id as HouseholdId,
    email: row.email,
    signedInBy: row.signed_in_by,
    stale: row.stale,
  };
}

export async function touchSession(store: Store, tokenHash: Buffer): Promise<void> {
  await store
    .updateTable('household.session')
    .set({ seen_at: now })
    .where('token_hash', '=', tokenHash)
    .execute();
}

export async function endSession(store: Store, tokenHash: Buffer): Promise<void> {
  await store
    .updateTable('household.session')
    .set({ ended_at: now })
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .execute();
}

export async function deleteOldSessions(store: Store): Promise<void> {
  await store
    .deleteFrom('household.session')
    .where('token_hash', 'in', (eb) =>
      eb
        .selectFrom('household.session')
        .select('token_hash')
        .where('expires_at', '<', sql<Date>`ledger.now() - interval '1 day'`)
        .limit(20),
    )
    .execute();
}
