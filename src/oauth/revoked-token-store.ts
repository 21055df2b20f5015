// The SQL of single access tokens that are dead before their time. A revoked grant needs no row here: it kills all its own.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';

/** False if it was revoked before. It is kept until the token would have ended by itself. */
export async function insertRevokedToken(
  tx: BrokerTransaction,
  tokenId: string,
  expiresS: number,
): Promise<boolean> {
  const inserted = await tx
    .insertInto('oauth.revoked_token')
    .values({ token_id: tokenId, expires_at: sql`to_timestamp(${expiresS})` })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}
