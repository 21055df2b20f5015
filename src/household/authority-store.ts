// The SQL of authorities: at most one of an occupier.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { OccupierId } from '../lib/ids.ts';

export const authorityKinds = ['attorney', 'deputy'] as const;
export type AuthorityKind = (typeof authorityKinds)[number];

export interface Authority {
  readonly kind: AuthorityKind;
  /** Where the papers that show it are found. */
  readonly reference: string;
}

export async function findAuthority(store: Store, occupierId: OccupierId): Promise<Authority | null> {
  const row = await store
    .selectFrom('household.authority')
    .select(['kind', 'reference'])
    .where('occupier_id', '=', occupierId)
    .executeTakeFirst();
  return row ?? null;
}

export async function deleteAuthority(tx: BrokerTransaction, occupierId: OccupierId): Promise<void> {
  await tx.deleteFrom('household.authority').where('occupier_id', '=', occupierId).execute();
}

export async function replaceAuthority(
  tx: BrokerTransaction,
  occupierId: OccupierId,
  { kind, reference }: Authority,
): Promise<void> {
  await deleteAuthority(tx, occupierId);
  await tx
    .insertInto('household.authority')
    .values({ occupier_id: occupierId, kind, reference, recorded_at: sql<Date>`ledger.now()` })
    .execute();
}
