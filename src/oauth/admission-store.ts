// Whether a token still stands, and the one use of the proof of a data API call that reads nothing, in one statement.
// A read of readings is checked by guards instead, in the ledger's own transaction.
import { type RawBuilder, sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { VerifiedToken } from './access-token.ts';

export interface Admission {
  /** False where no more proofs can be remembered: then this one was not. */
  readonly hasRoom: boolean;
  readonly proofIsNew: boolean;
  /** Token and grant not revoked, its key not retired, consent in force, third party active. */
  readonly tokenStands: boolean;
}

export interface ProofUse {
  readonly jkt: string;
  readonly proofJtiHash: string;
  readonly proofExpiresS: number;
}

export async function admitCaller(
  store: Store,
  logId: number,
  caller: VerifiedToken & ProofUse,
): Promise<Admission> {
  const { rows } = await sql<{ room: boolean; proofs: number; stands: boolean }>`
    with room as materialized (
      select not m.is_full as is_there from oauth.jti_room m
    ), proof as (
      insert into oauth.used_proof (jkt, jti_hash, expires_at)
      select ${caller.jkt}, ${caller.proofJtiHash}, to_timestamp(${caller.proofExpiresS}) from room where room.is_there
      on conflict do nothing returning 1
    )
    select (select is_there from room) as room, (select count(*) from proof) as proofs,
      ${standing(logId, caller)} as stands`.execute(store);
  return {
    hasRoom: rows[0]?.room === true,
    proofIsNew: rows[0]?.proofs === 1,
    tokenStands: rows[0]?.stands === true,
  };
}

/** Of a token whose signature and time were verified before. */
export async function tokenStands(store: Store, logId: number, token: VerifiedToken): Promise<boolean> {
  const { rows } = await sql<{ stands: boolean }>`select ${standing(logId, token)} as stands`.execute(store);
  return rows[0]?.stands === true;
}

function standing(logId: number, token: VerifiedToken): RawBuilder<boolean> {
  const source =
    token.kind === 'client'
      ? sql`select from registry.third_party p where p.client_id = ${token.clientId} and p.status = 'active'`
      : sql`select from oauth.grant g
          join consent.consent c on c.consent_id = g.consent_id and c.log_id = ${logId}
          join registry.third_party p on p.client_id = g.client_id
         where g.grant_id = ${token.grantId} and g.revoked_at is null
           and g.client_id = ${token.clientId} and g.consent_id = ${token.consentId}
           and c.state = 'given' and c.expires_at > ledger.now() and p.status = 'active'`;
  return sql<boolean>`(exists (${source})
    and exists (select from oauth.signing_key k where k.kid = ${token.kid} and k.retired_at is null)
    and not exists (select from oauth.revoked_token t where t.token_id = ${token.jti}))`;
}
