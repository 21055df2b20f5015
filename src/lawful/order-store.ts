// The SQL of lawful orders: what was ordered, of which meter points, and how much of it those whom it concerns have been told.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ClientId, HouseholdId, MeterRef, OrderId, ProposalId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import type { Register } from '../policy/request.ts';
import type { Resolution } from '../registry/purposes.ts';

export interface OrderPoint {
  readonly meterRef: MeterRef;
  readonly mpan: string;
}

export interface LawfulOrder {
  readonly orderId: OrderId;
  readonly clientId: ClientId;
  readonly instrument: 'court-order' | 'statutory-notice';
  readonly authority: string;
  readonly reference: string;
  readonly resolution: Resolution;
  readonly registers: readonly Register[];
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly expiresAt: Date;
  readonly opensAt: Date;
  readonly points: readonly OrderPoint[];
}

export interface KnownOrder extends LawfulOrder {
  readonly thirdParty: string;
  readonly recordedAt: Date;
  /** Entries of its chain that have been told of; null: none, nobody knows of it yet. */
  readonly told: number | null;
}

export async function insertOrder(
  tx: BrokerTransaction,
  logId: number,
  order: LawfulOrder,
  proposalId: ProposalId | null,
): Promise<void> {
  await tx
    .insertInto('lawful.lawful_order')
    .values({
      order_id: order.orderId,
      log_id: logId,
      client_id: order.clientId,
      instrument: order.instrument,
      authority: order.authority,
      reference: order.reference,
      resolution: order.resolution,
      registers: [...order.registers],
      from_date: order.from,
      to_date: order.to,
      expires_at: order.expiresAt,
      opens_at: order.opensAt,
      recorded_at: sql<Date>`ledger.now()`,
      proposal_id: proposalId,
    })
    .execute();
  await tx
    .insertInto('lawful.order_point')
    .values(
      order.points.map(({ meterRef, mpan }) => ({ meter_ref: meterRef, order_id: order.orderId, mpan })),
    )
    .execute();
}

/** The newest first; at most `limit`. */
export async function listOrders(store: Store, logId: number, limit: number): Promise<KnownOrder[]> {
  const rows = await orders(store)
    .where('o.log_id', '=', logId)
    .orderBy('o.recorded_at', 'desc')
    .orderBy('o.order_id')
    .limit(limit)
    .execute();
  return rows.map(orderOf);
}

export async function findOrder(store: Store, orderId: string): Promise<KnownOrder | null> {
  const row = await orders(store).where('o.order_id', '=', orderId).executeTakeFirst();
  return row === undefined ? null : orderOf(row);
}

/** Orders whose day has come and of which something has not been told; held until the transaction ends. */
export async function holdUntold(
  tx: BrokerTransaction,
  logId: number,
  limit: number,
): Promise<{ readonly order: KnownOrder; readonly entries: number }[]> {
  const rows = await orders(tx)
    .where('o.log_id', '=', logId)
    .where('o.opens_at', '<=', sql<Date>`ledger.now()`)
    .where(sql<boolean>`o.told is distinct from ${entriesOfChain}`)
    .select(sql<number>`${entriesOfChain}`.as('entries'))
    .orderBy('o.opens_at')
    .limit(limit)
    .forUpdate('o')
    .skipLocked()
    .execute();
  return rows.map((row) => ({ order: orderOf(row), entries: row.entries }));
}

export async function markTold(tx: BrokerTransaction, orderId: OrderId, entries: number): Promise<void> {
  await tx
    .updateTable('lawful.lawful_order')
    .set({ told: entries })
    .where('order_id', '=', orderId)
    .execute();
}

/** Who lived at which of the meter points on any of the days that the order names, and has not been erased. */
export async function whomItConcerns(
  store: Store,
  { points, from, to }: LawfulOrder,
): Promise<{ readonly householdId: HouseholdId; readonly mpans: readonly string[] }[]> {
  const rows = await store
    .selectFrom('household.meter_point as m')
    .innerJoin('household.tenancy as t', 't.meter_point_id', 'm.meter_point_id')
    .innerJoin('household.household as h', 'h.household_id', 't.household_id')
    .select(['t.household_id', sql<string[]>`array_agg(distinct m.mpan)`.as('mpans')])
    .where(
      'm.mpan',
      'in',
      points.map(({ mpan }) => mpan),
    )
    .where('t.from_date', '<', to)
    .where((eb) => eb.or([eb('t.until_date', 'is', null), eb('t.until_date', '>', from)]))
    .where(
      sql<boolean>`not exists (
        select from subject.closed c where c.household_id = h.household_id and c.log_id = h.log_id)`,
    )
    .groupBy('t.household_id')
    .orderBy('t.household_id')
    .execute();
  return rows.map((row) => ({ householdId: row.household_id as HouseholdId, mpans: row.mpans }));
}

/** Places in the log of what stands in the order's own chain, but for its record and what tells of it. */
export async function readsByOrder(store: Store, logId: number, orderId: OrderId): Promise<number[]> {
  const rows = await store
    .selectFrom('subject.entry as s')
    .innerJoin('ledger.entry as e', (join) =>
      join.onRef('e.log_id', '=', 's.log_id').onRef('e.idx', '=', 's.idx'),
    )
    .select('s.idx')
    .where('s.log_id', '=', logId)
    .where('s.household_id', '=', orderId)
    .where(sql<boolean>`position(convert_to('"kind":"disclosure"', 'UTF8') in e.entry) > 0`)
    .orderBy('s.idx')
    .limit(mostReadsTold)
    .execute();
  return rows.map((row) => row.idx);
}

const mostReadsTold = 1000;

export async function forgetPoints(tx: BrokerTransaction, logId: number): Promise<void> {
  await sql`select lawful.forget_points(${logId}::smallint)`.execute(tx);
}

const entriesOfChain = sql<number>`coalesce((
  select c.next_sseq from subject.chain c where c.log_id = o.log_id and c.household_id = o.order_id), 0)`;

const orders = (store: Store) =>
  store
    .selectFrom('lawful.lawful_order as o')
    .innerJoin('registry.third_party as p', 'p.client_id', 'o.client_id')
    .selectAll('o')
    .select('p.name')
    .select(
      sql<
        OrderPoint[]
      >`coalesce((select json_agg(json_build_object('meterRef', q.meter_ref, 'mpan', q.mpan) order by q.mpan)
        from lawful.order_point q where q.order_id = o.order_id), '[]')`.as('points'),
    );

type Row = Awaited<ReturnType<ReturnType<typeof orders>['execute']>>[number];

const orderOf = (row: Row): KnownOrder => ({
  orderId: row.order_id as OrderId,
  clientId: row.client_id as ClientId,
  thirdParty: row.name,
  instrument: row.instrument,
  authority: row.authority,
  reference: row.reference,
  resolution: row.resolution as Resolution,
  registers: row.registers as Register[],
  from: row.from_date as LocalDate,
  to: row.to_date as LocalDate,
  expiresAt: row.expires_at,
  opensAt: row.opens_at,
  recordedAt: row.recorded_at,
  told: row.told,
  points: row.points,
});
