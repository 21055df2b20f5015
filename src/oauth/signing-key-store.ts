// The SQL of the keys that sign access tokens: what is published, from when it signs, and what is retired.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';

export interface KeyRecord {
  readonly kid: string;
  /** The text that stands in the ledger. */
  readonly publicJwk: string;
  readonly publishedAt: Date;
  readonly signsFrom: Date;
  readonly retiredAt: Date | null;
}

/** The kids among these that were not recorded before, and are now. */
export async function insertSigningKeys(
  tx: BrokerTransaction,
  keys: readonly { kid: string; publicJwk: string }[],
  leadSeconds: number,
): Promise<string[]> {
  const rows = JSON.stringify(keys.map(({ kid, publicJwk }) => ({ kid, public_jwk: publicJwk })));
  const inserted = await sql<{ kid: string }>`
    insert into oauth.signing_key (kid, public_jwk, published_at, signs_from)
    select k.kid, k.public_jwk, n.now, n.now + ${leadSeconds} * interval '1 second'
      from jsonb_to_recordset(${rows}::jsonb) as k(kid text, public_jwk text), (select ledger.now() as now) n
    on conflict do nothing returning kid`.execute(tx);
  return inserted.rows.map((row) => row.kid);
}

/** All that ever were, in the order in which they sign; at most 1,000. */
export async function listSigningKeys(store: Store): Promise<KeyRecord[]> {
  const rows = await store
    .selectFrom('oauth.signing_key')
    .select(['kid', 'public_jwk', 'published_at', 'signs_from', 'retired_at'])
    .orderBy('signs_from')
    .orderBy('kid')
    .limit(1000)
    .execute();
  return rows.map((row) => ({
    kid: row.kid,
    publicJwk: row.public_jwk,
    publishedAt: row.published_at,
    signsFrom: row.signs_from,
    retiredAt: row.retired_at,
  }));
}

/** Retires what another key has signed for since at least `afterSeconds`; gives the public keys that were, now, retired. */
export async function updateRetired(tx: BrokerTransaction, afterSeconds: number): Promise<string[]> {
  const retired = await tx
    .updateTable('oauth.signing_key as k')
    .set({ retired_at: sql<Date>`ledger.now()` })
    .where('k.retired_at', 'is', null)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('oauth.signing_key as n')
          .select('n.kid')
          .where('n.retired_at', 'is', null)
          .whereRef('n.signs_from', '>', 'k.signs_from')
          .where('n.signs_from', '<=', sql<Date>`ledger.now() - ${afterSeconds} * interval '1 second'`),
      ),
    )
    .returning('k.public_jwk')
    .execute();
  return retired.map((row) => row.public_jwk);
}
