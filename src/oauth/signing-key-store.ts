// The SQL that remembers which signing keys the ledger has been told of.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';

/** The kids among these that were not recorded before, and are now. */
export async function insertSigningKeys(
  tx: BrokerTransaction,
  keys: readonly { kid: string; publicJwk: string }[],
): Promise<string[]> {
  const inserted = await tx
    .insertInto('oauth.signing_key')
    .values(
      keys.map(({ kid, publicJwk }) => ({ kid, public_jwk: publicJwk, published_at: sql`ledger.now()` })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('kid')
    .execute();
  return inserted.map((row) => row.kid);
}
