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

/** Of each whether this was its first use. Without room neither was recorded. */
export interface Uses {
  readonly hasRoom: boolean;
  readonly assertionIsNew: boolean;
  readonly proofIsNew: boolean;
}

/**
 * Records all of them in one statement; answers in their order. What comes twice among them is new the first time only.
 * They are inserted in one order everywhere, so that two processes with the same ones wait for each other, and not in a ring.
 */
export async function recordUses(store: Store, uses: readonly UsedOnce[]): Promise<Uses[]> {
  const assertions = uses.map(({ assertion }) => assertion);
  const proofs = uses.flatMap(({ proof }) => proof ?? []);
  const { rows } = await sql<{ room: boolean; assertions: string[]; proofs: string[] }>`
    with room as materialized (
      select not m.is_full as is_there from oauth.jti_room m
    ), assertion as (
      insert into oauth.used_assertion (client_id, jti_hash, expires_at)
      select u.client_id, u.jti_hash, to_timestamp(u.expires_s)
      from room, unnest(${assertions.map(({ clientId }) => clientId)}::text[],
        ${assertions.map(({ jtiHash }) => jtiHash)}::text[],
        ${assertions.map(({ rememberUntilS }) => rememberUntilS)}::float8[]) u(client_id, jti_hash, expires_s)
      where room.is_there order by 1, 2
      on conflict do nothing returning client_id || ' ' || jti_hash as name
    ), proof as (
      insert into oauth.used_proof (jkt, jti_hash, expires_at)
      select u.jkt, u.jti_hash, to_timestamp(u.expires_s)
      from room, unnest(${proofs.map(({ jkt }) => jkt)}::text[], ${proofs.map(({ jtiHash }) => jtiHash)}::text[],
        ${proofs.map(({ rememberUntilS }) => rememberUntilS)}::float8[]) u(jkt, jti_hash, expires_s)
      where room.is_there order by 1, 2
      on conflict do nothing returning jkt || ' ' || jti_hash as name
    )
    select (select is_there from room) as room, array(select name from assertion) as assertions,
      array(select name from proof) as proofs`.execute(store);
  const hasRoom = rows[0]?.room === true;
  const fresh = { assertions: new Set(rows[0]?.assertions), proofs: new Set(rows[0]?.proofs) };
  return uses.map(({ assertion, proof }) => ({
    hasRoom,
    assertionIsNew: fresh.assertions.delete(`${assertion.clientId} ${assertion.jtiHash}`),
    proofIsNew: proof !== null && fresh.proofs.delete(`${proof.jkt} ${proof.jtiHash}`),
  }));
}
