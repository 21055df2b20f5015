// The facts of a read without a consent, in one query: the supply or the order that the caller knows the meter point by, the
// third party and whom it reaches, the meter point.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { MeterRef, OrderId, SubjectId, SupplyId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import type { Purpose, Register, Resolution, ThirdPartyClass } from '../policy/request.ts';
import { type ReleaseFacts, recipientsOf } from './release-store.ts';

type Party = Pick<
  ReleaseFacts,
  'clientId' | 'thirdPartyClass' | 'thirdPartyStatus' | 'registeredPurposes' | 'groupClasses' | 'recipients'
>;

export interface RightFacts extends Party {
  readonly right:
    | { readonly basis: 'licence'; readonly id: SupplyId }
    | { readonly basis: 'order'; readonly id: OrderId };
  /** In whose chain the read stands: the household that is supplied, or the order itself. */
  readonly householdId: SubjectId;
  readonly inForce: boolean;
  /** The finest that was ordered; null by licence. */
  readonly resolution: Resolution | null;
  readonly registers: readonly Register[];
  readonly from: LocalDate;
  readonly until: LocalDate | null;
  readonly optedOut: readonly Purpose[];
  /** The household's own time there; null by order, and where a household never lived there. */
  readonly tenancy: { readonly from: LocalDate; readonly until: LocalDate | null } | null;
  /** Null where the meter point of an order is known no more. */
  readonly meterPoint: { readonly mpan: string; readonly fuel: string; readonly zone: string } | null;
}

/** Null where the caller has no such right: who asks for another's name of a meter point learns nothing. */
export type FindRightFacts = (wanted: {
  readonly clientId: string;
  readonly meterRef: MeterRef;
}) => Promise<RightFacts | null>;

/** What a supplier settles: what was bought, and what was sold. */
const suppliedRegisters = "'{import,export}'::text[]";

export const rightFacts =
  (db: Store, logId: number): FindRightFacts =>
  async ({ clientId, meterRef }) => {
    const { rows } = await sql<RightRow>`
      with found as (
        select 'licence' as basis, s.supply_id as id, s.household_id as subject, s.ended_at is null as in_force,
          null as resolution, ${sql.raw(suppliedRegisters)} as registers, s.from_date, s.until_date, s.opted_out,
          s.client_id, m.mpan, m.fuel, m.zone, y.from_date as tenancy_from, y.until_date as tenancy_until
        from lawful.supply s
        join household.meter_point m on m.meter_point_id = s.meter_point_id
        left join lateral (
          select l.from_date, l.until_date from household.tenancy l
          where l.meter_point_id = s.meter_point_id and l.household_id = s.household_id
          order by l.from_date desc limit 1
        ) y on true
        where s.meter_ref = ${meterRef} and s.client_id = ${clientId} and s.log_id = ${logId}
        union all
        select 'order', o.order_id, o.order_id, o.expires_at > ledger.now(), o.resolution, o.registers, o.from_date,
          o.to_date, '{}', o.client_id, m.mpan, m.fuel, m.zone, null, null
        from lawful.order_point q
        join lawful.lawful_order o on o.order_id = q.order_id and not o.carried
        left join household.meter_point m on m.mpan = q.mpan
        where q.meter_ref = ${meterRef} and o.client_id = ${clientId} and o.log_id = ${logId}
      )
      select f.*, p.class, p.status, p.purposes,
        array(select distinct g.class from registry.third_party g
          where g.legal_group = p.legal_group and g.client_id <> p.client_id and g.status <> 'pending') as group_classes,
        array(select r.class || ' ' || r.status from registry.third_party r
          where r.client_id = any(p.recipients)) as recipients
      from found f join registry.third_party p on p.client_id = f.client_id`.execute(db);
    const [row] = rows;
    return row === undefined ? null : factsOf(row);
  };

interface RightRow {
  basis: 'licence' | 'order';
  id: string;
  subject: string;
  in_force: boolean;
  resolution: string | null;
  registers: string[];
  from_date: string;
  until_date: string | null;
  opted_out: string[];
  client_id: string;
  mpan: string | null;
  fuel: string | null;
  zone: string | null;
  tenancy_from: string | null;
  tenancy_until: string | null;
  class: string;
  status: RightFacts['thirdPartyStatus'];
  purposes: string[];
  group_classes: string[];
  recipients: string[];
}

const factsOf = (row: RightRow): RightFacts => ({
  clientId: row.client_id,
  thirdPartyClass: row.class as ThirdPartyClass,
  thirdPartyStatus: row.status,
  registeredPurposes: row.purposes as Purpose[],
  groupClasses: row.group_classes as ThirdPartyClass[],
  recipients: recipientsOf(row.recipients),
  right: { basis: row.basis, id: row.id } as RightFacts['right'],
  householdId: row.subject as SubjectId,
  inForce: row.in_force,
  resolution: row.resolution as Resolution | null,
  registers: row.registers as Register[],
  from: row.from_date as LocalDate,
  until: row.until_date as LocalDate | null,
  optedOut: row.opted_out as Purpose[],
  tenancy:
    row.tenancy_from === null
      ? null
      : { from: row.tenancy_from as LocalDate, until: row.tenancy_until as LocalDate | null },
  meterPoint:
    row.mpan === null || row.fuel === null || row.zone === null
      ? null
      : { mpan: row.mpan, fuel: row.fuel, zone: row.zone },
});
