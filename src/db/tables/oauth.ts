// The rows of schema oauth, as migrations/0006-oauth.ts, 0010-grant-management.ts and 0040-asked-scope.ts make them.
// read_proof is the guards’ alone and not listed.
import type { ColumnType } from 'kysely';

export interface PushedRequestRow {
  request_hash: Buffer;
  client_id: string;
  redirect_uri: string;
  state: string | null;
  code_challenge: string;
  dpop_jkt: string | null;
  detail: ColumnType<unknown, string, never>;
  scope: string | null;
  expires_at: Date;
  replaces_grant: string | null;
  session_until: Date | null;
  spent_at: Date | null;
}

export interface GrantRow {
  grant_id: string;
  client_id: string;
  consent_id: string;
  scope: string | null;
  created_at: Date;
  /** Since when it is for another consent than at first. */
  updated_at: Date | null;
  revoked_at: Date | null;
  revoked_reason: string | null;
}

export interface AuthorizationCodeRow {
  code_hash: Buffer;
  grant_id: string;
  client_id: string;
  consent_id: string;
  redirect_uri: string;
  code_challenge: string;
  dpop_jkt: string | null;
  expires_at: Date;
  spent_at: Date | null;
}

export interface OauthTables {
  'oauth.pushed_request': PushedRequestRow;
  'oauth.grant': GrantRow;
  'oauth.authorization_code': AuthorizationCodeRow;
  'oauth.refresh_token': {
    token_hash: Buffer;
    grant_id: string;
    client_id: string;
    consent_id: string;
    issued_at: Date;
  };
  'oauth.revoked_token': { token_id: string; expires_at: Date };
  'oauth.signing_key': {
    kid: string;
    public_jwk: string;
    published_at: Date;
    signs_from: Date;
    retired_at: Date | null;
  };
  'oauth.used_assertion': { client_id: string; jti_hash: string; expires_at: Date };
  'oauth.used_proof': { jkt: string; jti_hash: string; expires_at: Date };
}
