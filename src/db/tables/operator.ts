// The rows of schema operator, as migrations/0046-operators.ts makes them.
import type { ColumnType, Generated } from 'kysely';

export interface OperatorTables {
  'operator.operator': {
    operator_id: string;
    name: string;
    role: string;
    added_at: Date;
    proposal_id: string | null;
    removed_at: ColumnType<Date | null, never, Date>;
    removal_id: ColumnType<string | null, never, string | null>;
  };
  'operator.credential': {
    /** The thumbprint (RFC 7638) of the public key. */
    credential_id: string;
    operator_id: string;
    kept_in: 'file' | 'passkey';
    /** A JWK in canonical form. */
    public_key: string;
    /** The name that an authenticator gave it (WebAuthn), base64url. */
    passkey_id: string | null;
    added_at: Date;
  };
  'operator.joining_code': {
    code_hash: Buffer;
    made_at: Date;
    expires_at: Date;
    tries: Generated<number>;
    used_at: ColumnType<Date | null, never, Date>;
  };
  'operator.used': { proposal_id: string; used_at: Date };
  'operator.session': {
    token_hash: Buffer;
    operator_id: string;
    begun_at: Date;
    seen_at: Date;
    expires_at: Date;
    ended_at: ColumnType<Date | null, never, Date>;
  };
  'operator.proposal': {
    proposal_id: string;
    act: string;
    /** Canonical JSON. */
    payload: string | null;
    salt: Buffer | null;
    digest: string;
    household_id: string | null;
    proposed_by: string;
    proposed_at: Date;
    expires_at: Date;
    status: Generated<'open' | 'approved' | 'done' | 'declined'>;
    decided_by: ColumnType<string | null, never, string>;
    decided_at: ColumnType<Date | null, never, Date>;
    fault: ColumnType<string | null, never, string | null>;
  };
}
