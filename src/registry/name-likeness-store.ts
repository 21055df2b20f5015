// The SQL of names that can be taken for one another.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';
import type { ClientId } from '../lib/ids.ts';

/** Until the transaction ends: two companies that register at once see each other. */
export async function lockNames(tx: BrokerTransaction): Promise<void> {
  await sql`select pg_advisory_xact_lock(7353039)`.execute(tx);
}

/** The registration numbers of those who have such a name, whatever their status; at most 100. */
export async function findNamedLike(tx: BrokerTransaction, likenesses: readonly string[]): Promise<string[]> {
  const rows = await tx
    .selectFrom('registry.name_likeness as n')
    .innerJoin('registry.third_party as t', 't.client_id', 'n.client_id')
    .select('t.registration_number')
    .distinct()
    .where('n.likeness', 'in', [...likenesses])
    .limit(100)
    .execute();
  return rows.map((row) => row.registration_number);
}

export async function insertLikenesses(
  tx: BrokerTransaction,
  clientId: ClientId,
  likenesses: readonly string[],
): Promise<void> {
  await tx
    .insertInto('registry.name_likeness')
    .values(likenesses.map((likeness) => ({ likeness, client_id: clientId })))
    .execute();
}
