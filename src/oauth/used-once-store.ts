// The SQL of what may be used once at the OAuth endpoints: client assertions and DPoP proofs, by the hash of their jti.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ClientId } from '../lib/ids.ts';

export interface UsedOnce {
  readonly assertion: {
    readonly clientId: ClientId;
    readonly jtiHash: string;
    readonly rememberUntilS: number;
  };
  readonly proof: { readonly jkt: string; readonly jtiHash: string; readonly rememberUntilS: number } | null;
}

/** Records both in one statement, and says of each whether this was its first use. Without room neither is recorded. */
export async function recordUse(
  store: Store,
  { assertion, proof }: UsedOnce,
): Promise<{ hasRoom: boolean; assertionIsNew: boolean; proofIsNew: boolean }> {
  const { rows } = await sql<{ room: boolean; assertions: number; proofs: number }>`
    with room as materialized (
      select not m.is_full as is_there from oauth.jti_room m
    ), assertion as (
      insert into oauth.used_assertion (client_id, jti_hash, expires_at)
      select ${assertion.clientId}, ${assertion.jtiHash}, to_timestamp(${assertion.rememberUntilS})
      from room where room.is_there
      on conflict do nothing returning 1
    ), proof as (
      insert into oauth.used_proof (jkt, jti_hash, expires_at)
      select ${proof?.jkt ?? null}, ${proof?.jtiHash ?? null}, to_timestamp(${proof?.rememberUntilS ?? null})
      from room where room.is_there and ${proof !== null}
      on conflict do nothing returning 1
    )
    select (select is_there from room) as room, (select count(*) from assertion) as assertions,
      (select count(*) from proof) as proofs`.execute(store);
  return {
    hasRoom: rows[0]?.room === true,
    assertionIsNew: rows[0]?.assertions === 1,
    proofIsNew: rows[0]?.proofs === 1,
  };
}
