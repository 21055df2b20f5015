// The SQL of the registry: third parties and their approved texts.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { NoteRow, ThirdPartyRow } from '../db/tables/registry.ts';
import type { ClientId, ProposalId } from '../lib/ids.ts';
import type { Purpose, ThirdPartyClass } from '../policy/request.ts';
import type { Jwks } from './jwks.ts';
import type { Reach } from './purposes.ts';
import type { DetailType, ThirdParty, ThirdPartyStatus } from './third-party.ts';

const selectThirdParties = (store: Store) =>
  store.selectFrom('registry.third_party as t').select([
    't.client_id',
    't.name',
    't.trading_name',
    't.class',
    't.legal_group',
    't.registration_number',
    't.status',
    't.struck_off_at',
    't.redirect_uris',
    't.purposes',
    't.detail_types',
    't.recipients',
    't.jwks',
    't.jwks_uri',
    't.jwks_fetched_at',
    't.retention_days',
    't.ethics_number',
    sql<Record<string, string>>`(select coalesce(jsonb_object_agg(n.name, n.text), '{}'::jsonb)
        from registry.note n where n.client_id = t.client_id)`.as('notes'),
  ]);

type ShownRow = Awaited<ReturnType<ReturnType<typeof selectThirdParties>['execute']>>[number];

const thirdPartyOf = (row: ShownRow): ThirdParty => ({
  clientId: row.client_id as ClientId,
  name: row.name,
  tradingName: row.trading_name,
  class: row.class as ThirdPartyClass,
  group: row.legal_group,
  registrationNumber: row.registration_number,
  status: row.status,
  ...(row.struck_off_at === null ? {} : { struckOff: true }),
  redirectUris: row.redirect_uris,
  purposes: row.purposes as Purpose[],
  jwks: row.jwks as Jwks,
  jwksUri: row.jwks_uri,
  jwksFetchedAt: row.jwks_fetched_at,
  detailTypes: row.detail_types as DetailType[],
  recipients: row.recipients as ClientId[],
  retentionDays: row.retention_days,
  ethicsNumber: row.ethics_number,
  notes: row.notes,
});

export async function findThirdParty(store: Store, clientId: string): Promise<ThirdParty | null> {
  const row = await selectThirdParties(store).where('t.client_id', '=', clientId).executeTakeFirst();
  return row ? thirdPartyOf(row) : null;
}

/** Of each of the ids, in their order. */
export async function findThirdParties(
  store: Store,
  clientIds: readonly string[],
): Promise<(ThirdParty | null)[]> {
  const rows = await selectThirdParties(store)
    .where('t.client_id', '=', sql<string>`any(${[...new Set(clientIds)]}::text[])`)
    .execute();
  const found = new Map(rows.map((row) => [row.client_id, thirdPartyOf(row)]));
  return clientIds.map((clientId) => found.get(clientId) ?? null);
}

/** In the order of registration, at most 1,000. */
export async function listThirdParties(store: Store): Promise<ThirdParty[]> {
  const rows = await selectThirdParties(store)
    .orderBy('t.registered_at')
    .orderBy('t.client_id')
    .limit(1000)
    .execute();
  return rows.map(thirdPartyOf);
}

export async function listThirdPartiesByIds(
  store: Store,
  clientIds: readonly ClientId[],
): Promise<ThirdParty[]> {
  const rows = await selectThirdParties(store)
    .where('t.client_id', 'in', [...clientIds])
    .orderBy('t.client_id')
    .limit(100)
    .execute();
  return rows.map(thirdPartyOf);
}

/** Whom the readings of a third party reach beside itself. A registration that waits for approval is in no group yet. */
export async function findReach(
  store: Store,
  { clientId, group, recipients }: Pick<ThirdParty, 'clientId' | 'group' | 'recipients'>,
): Promise<Reach & { readonly recipientsNotActive: number }> {
  const rows = await store
    .selectFrom('registry.third_party as t')
    .select(['t.client_id', 't.class', 't.status', 't.legal_group'])
    .where((eb) =>
      eb.or([
        eb.and([eb('t.legal_group', '=', group), eb('t.status', '!=', 'pending')]),
        eb('t.client_id', '=', sql<string>`any(${[...recipients]}::text[])`),
      ]),
    )
    .where('t.client_id', '!=', clientId)
    .limit(1000)
    .execute();
  const receiving = rows.filter((row) => recipients.includes(row.client_id as ClientId));
  const members = rows.filter((row) => row.legal_group === group && row.status !== 'pending');
  const classes = (of: typeof rows) => [...new Set(of.map((row) => row.class as ThirdPartyClass))].sort();
  return {
    groupClasses: classes(members),
    recipientClasses: classes(receiving),
    recipientsNotActive: receiving.filter((row) => row.status !== 'active').length,
  };
}

export async function countKnown(store: Store, clientIds: readonly ClientId[]): Promise<number> {
  const { known } = await store
    .selectFrom('registry.third_party as t')
    .select((eb) => eb.fn.countAll<number>().as('known'))
    .where('t.client_id', 'in', [...clientIds])
    .executeTakeFirstOrThrow();
  return known;
}

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
