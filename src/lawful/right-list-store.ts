// What a third party may read without a consent, in one list: supplies that last and orders that have not expired.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { MeterRef } from '../lib/ids.ts';

export interface Right {
  readonly meterRef: MeterRef;
  /** The number that the third party itself knows the meter point by. */
  readonly mpan: string;
  readonly basis: 'licence' | 'order';
  /** Of the supply or of the order. */
  readonly id: string;
  /** The finest that was ordered; null by licence. */
  readonly resolution: string | null;
  readonly from: string;
  readonly until: string | null;
  readonly optedOut: readonly string[];
  readonly expiresAt: Date | null;
}

/** In the order of their names of meter points, after `after`. */
export async function listRights(
  store: Store,
  logId: number,
  clientId: string,
  page: { readonly after: string; readonly limit: number },
): Promise<Right[]> {
  const { rows } = await sql<Right>`
    select * from (
      select s.meter_ref as "meterRef", m.mpan, 'licence' as basis, s.supply_id as id, null as resolution,
        s.from_date as "from", s.until_date as "until", s.opted_out as "optedOut", null::timestamptz as "expiresAt"
      from lawful.supply s join household.meter_point m on m.meter_point_id = s.meter_point_id
      where s.client_id = ${clientId} and s.log_id = ${logId} and s.ended_at is null
      union all
      select q.meter_ref, q.mpan, 'order', o.order_id, o.resolution, o.from_date, o.to_date, '{}', o.expires_at
      from lawful.lawful_order o join lawful.order_point q on q.order_id = o.order_id
      where o.client_id = ${clientId} and o.log_id = ${logId} and not o.carried and o.expires_at > ledger.now()
    ) r where r."meterRef" > ${page.after} order by r."meterRef" limit ${page.limit}`.execute(store);
  return rows;
}
