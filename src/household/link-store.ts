// The SQL of links and of the codes that prove them. A code is spent by one update alone, by whom it is for.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { HouseholdId, MeterPointId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';

const now = sql<Date>`ledger.now()`;
/** Not ended yet. */
const stands = sql<boolean>`coalesce(ended_at > ledger.now(), true)`;
/** Without a fresh code a link is over a year after it was proven; in whole seconds, as entries have them. */
const aYearOn = sql<Date>`date_trunc('second', ledger.now() + interval '12 months')`;

export async function upsertLink(
  tx: BrokerTransaction,
  link: { meterPointId: MeterPointId; householdId: HouseholdId; provenBy: 'code' | 'operator' },
): Promise<void> {
  await tx
    .insertInto('household.link')
    .values({
      meter_point_id: link.meterPointId,
      household_id: link.householdId,
      proven_by: link.provenBy,
      proven_at: now,
      lapses_at: aYearOn,
    })
    .onConflict((conflict) =>
      conflict.columns(['meter_point_id', 'household_id']).doUpdateSet({
        proven_by: link.provenBy,
        proven_at: now,
        lapses_at: aYearOn,
        ended_at: null,
      }),
    )
    .execute();
}

/** As of a moment that may be to come. */
export async function endLinks(
  tx: BrokerTransaction,
  meterPointId: MeterPointId,
  householdIds: readonly HouseholdId[],
  at: Date,
): Promise<void> {
  await tx
    .updateTable('household.link')
    .set({ ended_at: at })
    .where('meter_point_id', '=', meterPointId)
    .where('household_id', 'in', [...householdIds])
    .where(stands)
    .execute();
}

export interface DueLink {
  readonly householdId: HouseholdId;
  readonly meterPointId: MeterPointId;
  readonly mpan: string;
  /** The local day on which it lapsed. */
  readonly until: string;
}

/** Links past their time that nothing says so of yet, held until the transaction ends. */
export async function findDueLinks(tx: BrokerTransaction, limit: number): Promise<DueLink[]> {
  const rows = await tx
    .selectFrom('household.link as l')
    .innerJoin('household.meter_point as m', 'm.meter_point_id', 'l.meter_point_id')
    .select(['l.household_id', 'l.meter_point_id', 'm.mpan'])
    .select(sql<string>`(l.lapses_at at time zone m.zone)::date::text`.as('until'))
    .where('l.ended_at', 'is', null)
    .where('l.lapses_at', '<=', now)
    .orderBy('l.lapses_at')
    .limit(limit)
    .forUpdate('l')
    .skipLocked()
    .execute();
  return rows.map((row) => ({
    householdId: row.household_id as HouseholdId,
    meterPointId: row.meter_point_id as MeterPointId,
    mpan: row.mpan,
    until: row.until,
  }));
}

/** As of when each lapsed. */
export async function markLapsed(tx: BrokerTransaction, due: readonly DueLink[]): Promise<void> {
  await tx
    .updateTable('household.link')
    .set((eb) => ({ ended_at: eb.ref('lapses_at') }))
    .where((eb) =>
      eb(
        eb.refTuple('meter_point_id', 'household_id'),
        'in',
        due.map(({ meterPointId, householdId }) => eb.tuple(meterPointId, householdId)),
      ),
    )
    .execute();
}

export async function isLinked(
  store: Store,
  householdId: HouseholdId,
  meterPointId: MeterPointId,
): Promise<boolean> {
  const row = await store
    .selectFrom('household.link')
    .select('household_id')
    .where('meter_point_id', '=', meterPointId)
    .where('household_id', '=', householdId)
    .where(stands)
    .where('lapses_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}

/** Everybody but this one who lives there or is linked; in one order, so that two who lock them do not wait in a ring. */
export async function listOtherHouseholds(
  tx: BrokerTransaction,
  {
    meterPointId,
    householdId,
    today,
  }: { meterPointId: MeterPointId; householdId: HouseholdId; today: LocalDate },
): Promise<HouseholdId[]> {
  const rows = await tx
    .selectFrom('household.link')
    .select('household_id')
    .where('meter_point_id', '=', meterPointId)
    .where('household_id', '<>', householdId)
    .where(stands)
    .union(
      tx
        .selectFrom('household.tenancy')
        .select('household_id')
        .where('meter_point_id', '=', meterPointId)
        .where('household_id', '<>', householdId)
        .where((eb) => eb.or([eb('until_date', 'is', null), eb('until_date', '>', today)])),
    )
    .orderBy('household_id')
    .execute();
  return rows.map((row) => row.household_id as HouseholdId);
}

/** Their time there ends on that day; of one that began on it or later, on the day after it began. */
export async function endTenancies(
  tx: BrokerTransaction,
  meterPointId: MeterPointId,
  householdIds: readonly HouseholdId[],
  on: LocalDate,
): Promise<void> {
  await tx
    .updateTable('household.tenancy')
    .set({ until_date: sql<string>`greatest(${on}::date, from_date + 1)` })
    .where('meter_point_id', '=', meterPointId)
    .where('household_id', 'in', [...householdIds])
    .where((eb) => eb.or([eb('until_date', 'is', null), eb('until_date', '>', on)]))
    .execute();
}

export interface NewActivationCode {
  readonly codeHash: Buffer;
  readonly meterPointId: MeterPointId;
  readonly householdId: HouseholdId | null;
  readonly from: LocalDate | null;
  readonly lifetimeSeconds: number;
}

/** Takes the place of one that was not spent and was for the same; gives when it is over. */
export async function insertActivationCode(tx: BrokerTransaction, code: NewActivationCode): Promise<Date> {
  await tx
    .deleteFrom('household.activation_code')
    .where('meter_point_id', '=', code.meterPointId)
    .where((eb) =>
      code.householdId === null ? eb('household_id', 'is', null) : eb('household_id', '=', code.householdId),
    )
    .where('spent_at', 'is', null)
    .execute();
  const row = await tx
    .insertInto('household.activation_code')
    .values({
      code_hash: code.codeHash,
      meter_point_id: code.meterPointId,
      household_id: code.householdId,
      from_date: code.from,
      made_at: now,
      expires_at: sql<Date>`ledger.now() + ${code.lifetimeSeconds} * interval '1 second'`,
    })
    .returning('expires_at')
    .executeTakeFirstOrThrow();
  return row.expires_at;
}

/** Letters that were not answered yet are worth nothing any more. `leaver`: only theirs, and those for whoever gets them. */
export async function voidActivationCodes(
  tx: BrokerTransaction,
  meterPointId: MeterPointId,
  leaver?: HouseholdId,
): Promise<void> {
  await tx
    .deleteFrom('household.activation_code')
    .where('meter_point_id', '=', meterPointId)
    .where('spent_at', 'is', null)
    .$if(leaver !== undefined, (query) =>
      query.where((eb) => eb.or([eb('household_id', 'is', null), eb('household_id', '=', leaver ?? '')])),
    )
    .execute();
}

/** Where an unspent code would link; whether it may is for `spendActivationCode` to say. */
export async function findCodeMeterPoint(store: Store, codeHash: Buffer): Promise<MeterPointId | null> {
  const row = await store
    .selectFrom('household.activation_code')
    .select('meter_point_id')
    .where('code_hash', '=', codeHash)
    .where('spent_at', 'is', null)
    .executeTakeFirst();
  return (row?.meter_point_id as MeterPointId | undefined) ?? null;
}

export interface SpentCode {
  /** The first local day that is theirs; null: the day on which it is entered. */
  readonly from: LocalDate | null;
}

/** Null where there is no such code, it was spent, its time is over, or it is for somebody else: they look alike. */
export async function spendActivationCode(
  tx: BrokerTransaction,
  codeHash: Buffer,
  householdId: HouseholdId,
): Promise<SpentCode | null> {
  const row = await tx
    .updateTable('household.activation_code')
    .set({ spent_at: now, spent_by: householdId })
    .where('code_hash', '=', codeHash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .where((eb) => eb.or([eb('household_id', 'is', null), eb('household_id', '=', householdId)]))
    .returning('from_date')
    .executeTakeFirst();
  return row === undefined ? null : { from: row.from_date as LocalDate | null };
}
