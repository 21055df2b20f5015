// The SQL of grants, codes and refresh tokens; the secrets come in as their SHA-256.
// Nothing here spends a code or keeps a refresh token: the guard `code-unspent` does, under the ledger's head lock.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ClientId, ConsentId, GrantId } from '../lib/ids.ts';
import {
  consentColumns,
  type GrantedConsentRow,
  joinConsent,
  type ReadConsent,
  readConsentOf,
} from './granted-consent-store.ts';
import type { PushedRequest } from './request-store.ts';

export interface NewCode {
  readonly codeHash: Buffer;
  readonly grantId: GrantId;
  readonly consentId: ConsentId;
  readonly request: PushedRequest;
  readonly lifeSeconds: number;
}

const codeOf = ({ codeHash, grantId, consentId, request, lifeSeconds }: NewCode) => ({
  code_hash: codeHash,
  grant_id: grantId,
  client_id: request.clientId,
  consent_id: consentId,
  redirect_uri: request.redirectUri,
  code_challenge: request.codeChallenge,
  dpop_jkt: request.dpopJkt,
  expires_at: sql<Date>`ledger.now() + ${lifeSeconds} * interval '1 second'`,
});

/** The grant and its code in one statement: neither is of use without the other. */
export async function insertGrantWithCode(tx: BrokerTransaction, code: NewCode): Promise<void> {
  await tx
    .with('granted', (db) =>
      db
        .insertInto('oauth.grant')
        .values({
          grant_id: code.grantId,
          client_id: code.request.clientId,
          consent_id: code.consentId,
          scope: code.request.scope,
          created_at: sql`ledger.now()`,
        })
        .returning('grant_id'),
    )
    .insertInto('oauth.authorization_code')
    .values(codeOf(code))
    .execute();
}

/** Points a grant at a newly given consent and makes its code: what it gave before is worth nothing. False: it is over. */
export async function replaceGrantWithCode(
  tx: BrokerTransaction,
  logId: number,
  code: NewCode,
): Promise<boolean> {
  const { rows } = await sql<{ replaced: boolean }>`
    select oauth.replace_grant(${logId}::smallint, ${code.grantId}, ${code.consentId}, ${code.request.scope}) as replaced`.execute(
    tx,
  );
  if (rows[0]?.replaced !== true) return false;
  await tx.insertInto('oauth.authorization_code').values(codeOf(code)).execute();
  return true;
}

export interface Grant {
  readonly grantId: GrantId;
  readonly clientId: ClientId;
  readonly consentId: ConsentId;
  /** That its householder was asked by, if by one. */
  readonly scope: string | null;
  readonly createdAt: Date;
  /** Since when it is for its present consent, where that is not its first. */
  readonly updatedAt: Date | null;
  readonly isRevoked: boolean;
}

export interface StoredCode {
  readonly grant: Grant;
  readonly consent: ReadConsent;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly dpopJkt: string | null;
  readonly isSpent: boolean;
  readonly isExpired: boolean;
  /** The grant was replaced after this code was made. */
  readonly isOutdated: boolean;
}

interface GrantRow {
  readonly grant_id: string;
  readonly client_id: string;
  readonly consent_id: string;
  readonly scope: string | null;
  readonly created_at: Date;
  readonly updated_at: Date | null;
  readonly revoked_at: Date | null;
}

const grantOf = (row: GrantRow): Grant => ({
  grantId: row.grant_id as GrantId,
  clientId: row.client_id as ClientId,
  consentId: row.consent_id as ConsentId,
  scope: row.scope,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  isRevoked: row.revoked_at !== null,
});

const grantColumns = [
  'g.grant_id',
  'g.client_id',
  'g.consent_id',
  'g.scope',
  'g.created_at',
  'g.updated_at',
  'g.revoked_at',
] as const;

const consentGrantColumns = sql`g.grant_id, g.client_id, g.scope, g.created_at, g.updated_at, g.revoked_at,
  ${consentColumns}`;

export async function findGrant(store: Store, grantId: GrantId): Promise<Grant | null> {
  const row = await store
    .selectFrom('oauth.grant as g')
    .select(grantColumns)
    .where('g.grant_id', '=', grantId)
    .executeTakeFirst();
  return row ? grantOf(row) : null;
}

/**
 * Of each, in their order, with the consent that its grant is for now. Each is looked up by itself, which "limit" says: joined
 * as a whole, a plan from when the tables were small reads them once for each code, seconds at some thousands.
 */
export async function findCodes(store: Store, codeHashes: readonly Buffer[]): Promise<(StoredCode | null)[]> {
  const { rows } = await sql<GrantRow & GrantedConsentRow & CodeRow & Placed>`
    select w.place, found.* from unnest(${codeHashes}::bytea[]) with ordinality w(hash, place)
    cross join lateral (
      select ${consentGrantColumns}, d.redirect_uri, d.code_challenge, d.dpop_jkt,
        d.spent_at is not null as is_spent, d.expires_at <= ledger.now() as is_expired,
        d.consent_id <> g.consent_id as is_outdated
      from oauth.authorization_code d join oauth.grant g on g.grant_id = d.grant_id ${joinConsent}
      where d.code_hash = w.hash limit 1) found`.execute(store);
  return inOrder(codeHashes.length, rows, (row) => ({
    grant: grantOf(row),
    consent: readConsentOf(row),
    redirectUri: row.redirect_uri,
    codeChallenge: row.code_challenge,
    dpopJkt: row.dpop_jkt,
    isSpent: row.is_spent,
    isExpired: row.is_expired,
    isOutdated: row.is_outdated,
  }));
}

/** Which of the questions a row answers, counted from 1. */
interface Placed {
  readonly place: number;
}

function inOrder<Row extends Placed, Found>(
  count: number,
  rows: readonly Row[],
  found: (row: Row) => Found,
): (Found | null)[] {
  const all: (Found | null)[] = new Array(count).fill(null);
  for (const row of rows) all[row.place - 1] = found(row);
  return all;
}

interface CodeRow {
  readonly redirect_uri: string;
  readonly code_challenge: string;
  readonly dpop_jkt: string | null;
  readonly is_spent: boolean;
  readonly is_expired: boolean;
  readonly is_outdated: boolean;
}

export interface StoredGrant {
  readonly grant: Grant;
  readonly consent: ReadConsent;
}

/** Of each, in their order; null also for one from before its grant was replaced. */
export async function findRefreshTokens(
  store: Store,
  tokenHashes: readonly Buffer[],
): Promise<(StoredGrant | null)[]> {
  const { rows } = await sql<GrantRow & GrantedConsentRow & Placed>`
    select w.place, found.* from unnest(${tokenHashes}::bytea[]) with ordinality w(hash, place)
    cross join lateral (
      select ${consentGrantColumns}
      from oauth.refresh_token r
      join oauth.grant g on g.grant_id = r.grant_id and g.consent_id = r.consent_id ${joinConsent}
      where r.token_hash = w.hash limit 1) found`.execute(store);
  return inOrder(tokenHashes.length, rows, (row) => ({ grant: grantOf(row), consent: readConsentOf(row) }));
}

/** False if it was revoked before. */
export async function markGrantRevoked(
  tx: BrokerTransaction,
  grantId: GrantId,
  reason: string,
): Promise<boolean> {
  const changed = await tx
    .updateTable('oauth.grant')
    .set({ revoked_at: sql`ledger.now()`, revoked_reason: reason })
    .where('grant_id', '=', grantId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}
