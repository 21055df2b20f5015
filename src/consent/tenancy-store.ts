// The SQL of what a tenancy means for consents: when they end because it does, and which of them have a meter point.
// Run with the household held.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';
import type { ConsentId, HouseholdId, MeterPointId } from '../lib/ids.ts';

/** Gives each consent in force of a household the moment at which the first of its tenancies and links ends, or none. */
export async function settleTenancyEnds(tx: BrokerTransaction, householdId: HouseholdId): Promise<void> {
  await sql`
    update consent.consent c set ends_at = (
      select min(least(y.until_date::timestamp at time zone m.zone, l.lapses_at, l.ended_at))
        from consent.meter_ref r
        join household.meter_point m on m.meter_point_id = r.meter_point_id
        join lateral (
          select t.until_date from household.tenancy t
           where t.meter_point_id = r.meter_point_id and t.household_id = c.household_id
           order by t.from_date desc limit 1) y on true
        left join household.link l on l.meter_point_id = r.meter_point_id and l.household_id = c.household_id
       where r.consent_id = c.consent_id and r.log_id = c.log_id and r.until_version is null)
     where c.household_id = ${householdId} and c.state = 'given' and coalesce(c.ends_at > ledger.now(), true)`.execute(
    tx,
  );
}

/** Consents in force that have the meter point; held until the transaction ends. */
export async function holdConsentsOf(
  tx: BrokerTransaction,
  householdId: HouseholdId,
  meterPointId: MeterPointId,
): Promise<ConsentId[]> {
  const { rows } = await sql<{ consent_id: string }>`
    select c.consent_id from consent.consent c
     where c.household_id = ${householdId} and c.state = 'given' and exists (
       select from consent.meter_ref r where r.consent_id = c.consent_id and r.log_id = c.log_id
          and r.meter_point_id = ${meterPointId} and r.until_version is null)
     order by c.consent_id for update of c`.execute(tx);
  return rows.map((row) => row.consent_id as ConsentId);
}
