// The SQL that changes the registry. In production what takes two operators goes through functions that ask for their proposal.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { NoteRow, ThirdPartyRow } from '../db/tables/registry.ts';
import type { ClientId, ProposalId } from '../lib/ids.ts';
import type { Purpose, ThirdPartyClass } from '../policy/request.ts';
import type { Jwks } from './jwks.ts';
import type { ThirdParty, ThirdPartyStatus } from './third-party.ts';

export async function insertThirdParty(tx: BrokerTransaction, thirdParty: ThirdParty): Promise<void> {
  await tx
    .insertInto('registry.third_party')
    .values({
      client_id: thirdParty.clientId,
      name: thirdParty.name,
      trading_name: thirdParty.tradingName,
      class: thirdParty.class,
      legal_group: thirdParty.group,
      registration_number: thirdParty.registrationNumber,
      status: thirdParty.status,
      redirect_uris: [...thirdParty.redirectUris],
      purposes: [...thirdParty.purposes],
      detail_types: [...thirdParty.detailTypes],
      recipients: [...thirdParty.recipients],
      jwks: JSON.stringify(thirdParty.jwks),
      jwks_uri: thirdParty.jwksUri,
      jwks_fetched_at: thirdParty.jwksFetchedAt,
      retention_days: thirdParty.retentionDays,
      ethics_number: thirdParty.ethicsNumber,
      registered_at: sql`ledger.now()`,
    })
    .execute();
  const notes = Object.entries(thirdParty.notes).map(
    ([name, text]): NoteRow => ({ client_id: thirdParty.clientId, name, text }),
  );
  if (notes.length > 0) await tx.insertInto('registry.note').values(notes).execute();
}

/** False if the third party was not in the status `from`, so that a change happens once. */
export async function changeStatus(
  tx: BrokerTransaction,
  clientId: string,
  change: {
    from: ThirdPartyStatus;
    to: ThirdPartyStatus;
    suspendedReason: ThirdPartyRow['suspended_reason'];
    /** By what two operators let it in; in production the database asks for it. */
    proposalId?: ProposalId | null;
  },
): Promise<boolean> {
  const changed = await tx
    .updateTable('registry.third_party')
    .set({
      ...{ status: change.to, suspended_reason: change.suspendedReason },
      ...(change.proposalId ? { proposal_id: change.proposalId } : {}),
    })
    .where('client_id', '=', clientId)
    .where('status', '=', change.from)
    .where('struck_off_at', 'is', null)
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

/** False where it is pending or was struck off before. In production the proposal must be approved. */
export async function strikeOff(
  tx: BrokerTransaction,
  clientId: ClientId,
  reason: string,
  proposalId: ProposalId | null,
): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select registry.strike_off(${proposalId}, ${clientId}, ${reason}) as done`.execute(tx);
  return rows[0]?.done === true;
}

export interface RegisteredTerms {
  readonly class: ThirdPartyClass;
  readonly group: string;
  readonly purposes: readonly Purpose[];
}

/** False where there is no such third party, or it is pending. In production the proposal must be approved. */
export async function changeTerms(
  tx: BrokerTransaction,
  clientId: ClientId,
  terms: RegisteredTerms,
  proposalId: ProposalId | null,
): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    select registry.change_terms(${proposalId}, ${clientId}, ${terms.class}, ${terms.group}, ${[...terms.purposes]}::text[])
      as changed`.execute(tx);
  return rows[0]?.changed === true;
}

/** False where there is no such third party. In production the proposal must be approved. */
export async function keepNote(
  tx: BrokerTransaction,
  clientId: ClientId,
  note: { readonly name: string; readonly text: string },
  proposalId: ProposalId | null,
): Promise<boolean> {
  const { rows } = await sql<{ kept: boolean }>`
    select registry.approve_note(${proposalId}, ${clientId}, ${note.name}, ${note.text}) as kept`.execute(tx);
  return rows[0]?.kept === true;
}

/** False where the third party has no such address any more. */
export async function keepFetchedKeys(
  store: Store,
  clientId: ClientId,
  uri: string,
  jwks: Jwks,
): Promise<boolean> {
  const { rows } = await sql<{ kept: boolean }>`
    select registry.keep_fetched_keys(${clientId}, ${uri}, ${JSON.stringify(jwks)}::jsonb) as kept`.execute(
    store,
  );
  return rows[0]?.kept === true;
}

export interface StandingThirdParty {
  readonly clientId: ClientId;
  readonly class: string;
  readonly group: string;
  readonly purposes: readonly string[];
  readonly suspendedReason: string;
}

/** Suspends all that are active; gives every one that is suspended then, in the order of registration. */
export async function suspendAll(tx: BrokerTransaction, reason: string): Promise<StandingThirdParty[]> {
  await tx
    .updateTable('registry.third_party')
    .set({ status: 'suspended', suspended_reason: reason })
    .where('status', '=', 'active')
    .execute();
  const rows = await tx
    .selectFrom('registry.third_party')
    .select(['client_id', 'class', 'legal_group', 'purposes', 'suspended_reason'])
    .where('status', '=', 'suspended')
    .orderBy('registered_at')
    .orderBy('client_id')
    .execute();
  return rows.map((row) => ({
    clientId: row.client_id as ClientId,
    class: row.class,
    group: row.legal_group,
    purposes: row.purposes,
    suspendedReason: row.suspended_reason ?? reason,
  }));
}
