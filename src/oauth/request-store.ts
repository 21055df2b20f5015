// The SQL of pushed authorization requests.
// The database's clock alone decides what is in time, and a request is spent by one UPDATE, once.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ClientId, GrantId } from '../lib/ids.ts';
import type { RequestedDetail } from './authorization-detail.ts';

export interface PushedRequest {
  readonly requestHash: Buffer;
  readonly clientId: ClientId;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly codeChallenge: string;
  /** The key that the code will be bound to, if the third party named one (RFC 9449 section 10). */
  readonly dpopJkt: string | null;
  readonly detail: RequestedDetail;
  /** The scope that the detail stands for, where it was asked by one. */
  readonly scope: string | null;
  /** The grant that this request is to replace (Grant Management for OAuth 2.0). */
  readonly replacesGrant: GrantId | null;
}

const secondsFromNow = (seconds: number) => sql<Date>`ledger.now() + ${seconds} * interval '1 second'`;

export async function insertPushedRequest(
  store: Store,
  request: PushedRequest,
  lifeSeconds: number,
): Promise<void> {
  await store
    .insertInto('oauth.pushed_request')
    .values({
      request_hash: request.requestHash,
      client_id: request.clientId,
      redirect_uri: request.redirectUri,
      state: request.state,
      code_challenge: request.codeChallenge,
      dpop_jkt: request.dpopJkt,
      detail: JSON.stringify(request.detail),
      scope: request.scope,
      replaces_grant: request.replacesGrant,
      expires_at: secondsFromNow(lifeSeconds),
    })
    .execute();
}

const requestColumns = [
  'request_hash',
  'client_id',
  'redirect_uri',
  'state',
  'code_challenge',
  'dpop_jkt',
  'detail',
  'scope',
  'replaces_grant',
] as const;

interface RequestRow {
  request_hash: Buffer;
  client_id: string;
  redirect_uri: string;
  state: string | null;
  code_challenge: string;
  dpop_jkt: string | null;
  detail: unknown;
  scope: string | null;
  replaces_grant: string | null;
}

const pushedRequestOf = (row: RequestRow): PushedRequest => ({
  requestHash: row.request_hash,
  clientId: row.client_id as ClientId,
  redirectUri: row.redirect_uri,
  state: row.state,
  codeChallenge: row.code_challenge,
  dpopJkt: row.dpop_jkt,
  detail: row.detail as RequestedDetail,
  scope: row.scope,
  replacesGrant: row.replaces_grant as GrantId | null,
});

/**
 * Starts the session at the first opening, which must come in time; null if spent, too late, or of another client. A page
 * that was opened before is looked at again and again: that writes nothing.
 */
export async function openPushedRequest(
  store: Store,
  requestHash: Buffer,
  clientId: string,
  sessionSeconds: number,
): Promise<PushedRequest | null> {
  const { rows } = await sql<RequestRow>`
    with found as materialized (
      select ${sql.join(requestColumns.map((column) => sql.ref(column)))}, session_until from oauth.pushed_request
      where request_hash = ${requestHash} and client_id = ${clientId} and spent_at is null
        and coalesce(session_until, expires_at) > ledger.now()
    ), begun as (
      -- Of two first openings at once the second finds the session begun, and leaves it as it is.
      update oauth.pushed_request p set session_until = ${secondsFromNow(sessionSeconds)}
      from found f where p.request_hash = f.request_hash and f.session_until is null and p.session_until is null
    )
    select * from found`.execute(store);
  return rows[0] ? pushedRequestOf(rows[0]) : null;
}

/** Once only, and only within the session; null otherwise. */
export async function spendPushedRequest(store: Store, requestHash: Buffer): Promise<PushedRequest | null> {
  const row = await store
    .updateTable('oauth.pushed_request')
    .set({ spent_at: sql`ledger.now()` })
    .where('request_hash', '=', requestHash)
    .where('spent_at', 'is', null)
    .where('session_until', '>', sql<Date>`ledger.now()`)
    .returning(requestColumns)
    .executeTakeFirst();
  return row ? pushedRequestOf(row) : null;
}
