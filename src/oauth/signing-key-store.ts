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

/** Retires what another key has signed for since ten minutes at least; gives the public keys that were, now, retired. */
export async function retireDueKeys(tx: BrokerTransaction): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`select k as key from oauth.retire_due_keys() k`.execute(tx);
  return rows.map(({ key }) => key);
}

/** Gives the public key; null where there is no such key, it was retired before, or no other signs now. */
export async function retireKeyNow(tx: BrokerTransaction, kid: string): Promise<string | null> {
  const { rows } = await sql<{ key: string | null }>`select oauth.retire_key_now(${kid}) as key`.execute(tx);
  return rows[0]?.key ?? null;
}
