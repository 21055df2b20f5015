// The check of a data API call that reads nothing, in one statement: its proof is new and its token still stands.
// A read of readings is checked by guards instead, in the ledger's own transaction.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

export interface Admission {
  readonly proofIsNew: boolean;
  /** Grant and token not revoked, consent in force, third party active. */
  readonly tokenStands: boolean;
}

export interface AdmittedCaller {
  readonly clientId: string;
  readonly consentId: string;
  readonly grantId: string;
  readonly jti: string;
  readonly jkt: string;
  readonly proofJtiHash: string;
  readonly proofExpiresS: number;
}

export async function admitCaller(store: Store, logId: number, caller: AdmittedCaller): Promise<Admission> {
  const { clientId, consentId, grantId, jti, jkt, proofJtiHash, proofExpiresS } = caller;
  const { rows } = await sql<{ proofs: number; stands: boolean }>`
    with proof as (
      insert into oauth.used_proof (jkt, jti_hash, expires_at)
      values (${jkt}, ${proofJtiHash}, to_timestamp(${proofExpiresS}))
      on conflict do nothing returning 1
    )
    select (select count(*) from proof) as proofs,
      exists (
        select from oauth.grant g
          join consent.consent c on c.consent_id = g.consent_id and c.log_id = ${logId}
          join registry.third_party p on p.client_id = g.client_id
         where g.grant_id = ${grantId} and g.revoked_at is null
           and g.client_id = ${clientId} and g.consent_id = ${consentId}
           and c.state = 'given' and c.expires_at > ledger.now() and p.status = 'active'
      ) and not exists (select from oauth.revoked_token t where t.token_id = ${jti}) as stands`.execute(
    store,
  );
  return { proofIsNew: rows[0]?.proofs === 1, tokenStands: rows[0]?.stands === true };
}
