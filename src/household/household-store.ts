// The SQL of households, their occupiers, their meter points and the time each lived there.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { HouseholdId, MeterPointId, OccupierId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import type { Fuel, HouseholdMeterPoint, MeterPoint } from './meter-point.ts';

export interface Occupier {
  readonly occupierId: OccupierId;
  readonly householdId: HouseholdId;
  readonly email: string;
}

const now = sql<Date>`ledger.now()`;

export async function findOccupierByEmail(store: Store, email: string): Promise<Occupier | null> {
  const row = await store
    .selectFrom('household.occupier')
    .select(['occupier_id', 'household_id', 'email'])
    .where('email', '=', email)
    .executeTakeFirst();
  return row ? occupierOf(row) : null;
}

export async function findOccupier(store: Store, occupierId: OccupierId): Promise<Occupier | null> {
  const row = await store
    .selectFrom('household.occupier')
    .select(['occupier_id', 'household_id', 'email'])
    .where('occupier_id', '=', occupierId)
    .executeTakeFirst();
  return row ? occupierOf(row) : null;
}

/** Any occupier of a household: for whoever acts in a household's name in the sandbox. */
export async function findOccupierOf(store: Store, householdId: HouseholdId): Promise<Occupier | null> {
  const row = await store
    .selectFrom('household.occupier')
    .select(['occupier_id', 'household_id', 'email'])
    .where('household_id', '=', householdId)
    .orderBy('added_at')
    .limit(1)
    .executeTakeFirst();
  return row ? occupierOf(row) : null;
}

const occupierOf = (row: { occupier_id: string; household_id: string; email: string }): Occupier => ({
  occupierId: row.occupier_id as OccupierId,
  householdId: row.household_id as HouseholdId,
  email: row.email,
});

/** One at a time for each name: two calls that would both add a household or a meter point wait for each other. */
export const lockName = (tx: BrokerTransaction, name: string): Promise<unknown> =>
  sql`select pg_advisory_xact_lock(hashtextextended(${`household ${name}`}, 0))`.execute(tx);

export async function insertHousehold(
  tx: BrokerTransaction,
  household: { householdId: HouseholdId; logId: number; occupierId: OccupierId; email: string },
): Promise<void> {
  const { householdId, logId, occupierId, email } = household;
  await tx
    .insertInto('household.household')
    .values({ household_id: householdId, log_id: logId, added_at: now })
    .execute();
  await tx
    .insertInto('household.occupier')
    .values({ occupier_id: occupierId, household_id: householdId, email, added_at: now })
    .execute();
}

export async function findMeterPoint(store: Store, mpan: string): Promise<MeterPoint | null> {
  const row = await store
    .selectFrom('household.meter_point')
    .select(['meter_point_id', 'mpan', 'fuel', 'address', 'zone'])
    .where('mpan', '=', mpan)
    .executeTakeFirst();
  return row ? meterPointOf(row) : null;
}

export async function findMeterPointById(
  store: Store,
  meterPointId: MeterPointId,
): Promise<MeterPoint | null> {
  const row = await store
    .selectFrom('household.meter_point')
    .select(['meter_point_id', 'mpan', 'fuel', 'address', 'zone'])
    .where('meter_point_id', '=', meterPointId)
    .executeTakeFirst();
  return row ? meterPointOf(row) : null;
}

export async function insertMeterPoint(
  tx: BrokerTransaction,
  point: MeterPoint & { readonly prepayment: boolean | null },
): Promise<void> {
  const { meterPointId, mpan, fuel, address, zone, prepayment } = point;
  await tx
    .insertInto('household.meter_point')
    .values({ meter_point_id: meterPointId, mpan, fuel, address, zone, prepayment })
    .execute();
}

/** The zone that the meter store has settled: local days mean the same in both. Changes nothing where it stands already. */
export async function settleMeterPointZone(store: Store, mpan: string, zone: string): Promise<void> {
  await store
    .updateTable('household.meter_point')
    .set({ zone })
    .where('mpan', '=', mpan)
    .where('zone', '<>', zone)
    .execute();
}

export async function insertTenancy(
  tx: BrokerTransaction,
  tenancy: { meterPointId: MeterPointId; householdId: HouseholdId; from: LocalDate },
): Promise<void> {
  await tx
    .insertInto('household.tenancy')
    .values({
      meter_point_id: tenancy.meterPointId,
      household_id: tenancy.householdId,
      from_date: tenancy.from,
      until_date: null,
    })
    .execute();
}

export interface Tenancy {
  readonly householdId: HouseholdId;
  readonly from: LocalDate;
  /** The first day that is not theirs; null while nobody has said when that is. */
  readonly until: LocalDate | null;
}

/** The latest tenancy of each household there, by household: several may live at one meter point. */
export async function listLatestTenancies(store: Store, meterPointId: MeterPointId): Promise<Tenancy[]> {
  const rows = await store
    .selectFrom('household.tenancy')
    .distinctOn('household_id')
    .select(['household_id', 'from_date', 'until_date'])
    .where('meter_point_id', '=', meterPointId)
    .orderBy('household_id')
    .orderBy('from_date', 'desc')
    .execute();
  return rows.map((row) => ({
    householdId: row.household_id as HouseholdId,
    from: row.from_date as LocalDate,
    until: row.until_date as LocalDate | null,
  }));
}

export async function endTenancy(
  tx: BrokerTransaction,
  tenancy: { meterPointId: MeterPointId; householdId: HouseholdId; from: LocalDate; on: LocalDate },
): Promise<void> {
  await tx
    .updateTable('household.tenancy')
    .set({ until_date: tenancy.on })
    .where('meter_point_id', '=', tenancy.meterPointId)
    .where('household_id', '=', tenancy.householdId)
    .where('from_date', '=', tenancy.from)
    .execute();
}

/** Whose the meter point is on a day, or on any later one. */
export async function listHolders(
  store: Store,
  meterPointId: MeterPointId,
  day: LocalDate,
): Promise<HouseholdId[]> {
  const rows = await store
    .selectFrom('household.tenancy')
    .select('household_id')
    .where('meter_point_id', '=', meterPointId)
    .where((eb) => eb.or([eb('until_date', 'is', null), eb('until_date', '>', day)]))
    .execute();
  return rows.map((row) => row.household_id as HouseholdId);
}

/** A tenancy ends as its last local day ends, in the zone of the meter point. */
const tenancyOver = sql<boolean>`coalesce(t.until_date::timestamp at time zone m.zone <= ledger.now(), false)`;

/** Every meter point that is or was theirs, by address; at most 64. */
export async function listMeterPoints(
  store: Store,
  householdId: HouseholdId,
): Promise<HouseholdMeterPoint[]> {
  const rows = await store
    .selectFrom('household.tenancy as t')
    .innerJoin('household.meter_point as m', 'm.meter_point_id', 't.meter_point_id')
    .select(['m.meter_point_id', 'm.mpan', 'm.fuel', 'm.address', 'm.zone'])
    .select(['t.household_id', 't.from_date', 't.until_date'])
    .leftJoin('household.link as l', (join) =>
      join
        .onRef('l.meter_point_id', '=', 't.meter_point_id')
        .onRef('l.household_id', '=', 't.household_id')
        .on('l.lapses_at', '>', now)
        .on(sql<boolean>`coalesce(l.ended_at > ledger.now(), true)`),
    )
    .select(tenancyOver.as('over'))
    .select('l.lapses_at')
    .where('t.household_id', '=', householdId)
    .orderBy('m.address')
    .orderBy('m.fuel')
    .orderBy('m.mpan')
    .orderBy('t.from_date')
    .limit(64)
    .execute();
  return rows.map((row) => ({
    ...meterPointOf(row),
    householdId: row.household_id as HouseholdId,
    tenancyFrom: row.from_date as LocalDate,
    tenancyUntil: row.until_date as LocalDate | null,
    tenancyOver: row.over,
    linkLapsesAt: row.lapses_at,
  }));
}

const meterPointOf = (row: {
  meter_point_id: string;
  mpan: string;
  fuel: string;
  address: string;
  zone: string;
}): MeterPoint => ({
  meterPointId: row.meter_point_id as MeterPointId,
  mpan: row.mpan,
  fuel: row.fuel as Fuel,
  address: row.address,
  zone: row.zone,
});
