// The SQL that reads the registry: third parties and their approved texts.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ClientId } from '../lib/ids.ts';
import type { Purpose, ThirdPartyClass } from '../policy/request.ts';
import type { Jwks } from './jwks.ts';
import type { Reach } from './purposes.ts';
import type { DetailType, ThirdParty } from './third-party.ts';

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
