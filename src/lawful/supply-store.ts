// The SQL of supplies: who supplies which household at which meter point, and what the household refuses of that.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { OptOutPurpose } from '../ledger/licence.ts';
import type { ClientId, HouseholdId, MeterPointId, MeterRef, SupplyId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';

export interface Supply {
  readonly supplyId: SupplyId;
  readonly householdId: HouseholdId;
  readonly clientId: ClientId;
  readonly supplier: string;
  readonly meterRef: MeterRef;
  readonly mpan: string;
  readonly zone: string;
  readonly from: LocalDate;
  /** The first day that is not supplied; null while the supply lasts. */
  readonly until: LocalDate | null;
  readonly optedOut: readonly OptOutPurpose[];
}

/** False where the very same supply stands already. */
export async function insertSupply(
  tx: BrokerTransaction,
  supply: {
    readonly supplyId: SupplyId;
    readonly logId: number;
    readonly householdId: HouseholdId;
    readonly meterPointId: MeterPointId;
    readonly clientId: ClientId;
    readonly meterRef: MeterRef;
    readonly from: LocalDate;
    readonly optedOut: readonly OptOutPurpose[];
  },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('lawful.supply')
    .values({
      supply_id: supply.supplyId,
      log_id: supply.logId,
      household_id: supply.householdId,
      meter_point_id: supply.meterPointId,
      client_id: supply.clientId,
      meter_ref: supply.meterRef,
      from_date: supply.from,
      recorded_at: sql<Date>`ledger.now()`,
      opted_out: [...supply.optedOut],
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Ends it with that first day that is not supplied, or with the day after its first. Null: there is none that lasts. */
export async function endSupply(
  tx: BrokerTransaction,
  supplyId: SupplyId,
  until: LocalDate,
): Promise<Pick<Supply, 'householdId' | 'clientId' | 'until'> | null> {
  const row = await tx
    .updateTable('lawful.supply')
    .set({
      ended_at: sql<Date>`ledger.now()`,
      until_date: sql<string>`greatest(from_date + 1, ${until}::date)`,
    })
    .where('supply_id', '=', supplyId)
    .where('ended_at', 'is', null)
    .returning(['household_id', 'client_id', 'until_date'])
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    householdId: row.household_id as HouseholdId,
    clientId: row.client_id as ClientId,
    until: row.until_date as LocalDate,
  };
}

/** Of a household, those that last; held until the transaction ends where `hold` is set. */
export async function listCurrentSupplies(
  store: Store,
  logId: number,
  householdId: HouseholdId,
  { hold = false } = {},
): Promise<Supply[]> {
  const query = supplies(store)
    .where('s.log_id', '=', logId)
    .where('s.household_id', '=', householdId)
    .where('s.ended_at', 'is', null)
    .orderBy('s.supply_id');
  const rows = await (hold ? query.forUpdate('s') : query).limit(mostOfHousehold).execute();
  return rows.map(supplyOf);
}

export async function findSupply(store: Store, supplyId: string): Promise<Supply | null> {
  const row = await supplies(store).where('s.supply_id', '=', supplyId).executeTakeFirst();
  return row === undefined ? null : supplyOf(row);
}

/** Of one third party, or of all; in the order of their ids, after `after`. */
export async function listSupplies(
  store: Store,
  logId: number,
  page: { readonly clientId?: string | undefined; readonly after: string; readonly limit: number },
): Promise<Supply[]> {
  let query = supplies(store).where('s.log_id', '=', logId).where('s.supply_id', '>', page.after);
  if (page.clientId !== undefined) query = query.where('s.client_id', '=', page.clientId);
  const rows = await query.orderBy('s.supply_id').limit(page.limit).execute();
  return rows.map(supplyOf);
}

export async function setOptOuts(
  tx: BrokerTransaction,
  supplyIds: readonly SupplyId[],
  purposes: readonly OptOutPurpose[],
): Promise<void> {
  await tx
    .updateTable('lawful.supply')
    .set({ opted_out: [...purposes] })
    .where('supply_id', 'in', [...supplyIds])
    .execute();
}

/** A home has few meter points and one supplier each. */
const mostOfHousehold = 64;

const supplies = (store: Store) =>
  store
    .selectFrom('lawful.supply as s')
    .innerJoin('household.meter_point as m', 'm.meter_point_id', 's.meter_point_id')
    .innerJoin('registry.third_party as p', 'p.client_id', 's.client_id')
    .select([
      's.supply_id',
      's.household_id',
      's.client_id',
      's.meter_ref',
      's.from_date',
      's.until_date',
      's.opted_out',
      'm.mpan',
      'm.zone',
      'p.trading_name',
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof supplies>['execute']>>[number];

const supplyOf = (row: Row): Supply => ({
  supplyId: row.supply_id as SupplyId,
  householdId: row.household_id as HouseholdId,
  clientId: row.client_id as ClientId,
  supplier: row.trading_name,
  meterRef: row.meter_ref as MeterRef,
  mpan: row.mpan,
  zone: row.zone,
  from: row.from_date as LocalDate,
  until: row.until_date as LocalDate | null,
  optedOut: row.opted_out as OptOutPurpose[],
});
