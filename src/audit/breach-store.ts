// The SQL of a breach report: the disclosures of one third party with the household of each, a piece of the log at a time,
// and whom to write to.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { HouseholdId } from '../lib/ids.ts';

export interface DisclosedEntry {
  readonly index: number;
  readonly entry: string;
  /** Null where the household was erased. */
  readonly householdId: HouseholdId | null;
}

const pieceLength = 20_000;

/** Entries that name the third party, in order; what they say is read by the caller. */
export async function* entriesNaming(
  store: Store,
  logId: number,
  clientId: string,
  size: number,
): AsyncGenerator<DisclosedEntry> {
  const named = Buffer.from(`"third_party":"${clientId}"`);
  for (let from = 0; from < size; from += pieceLength) {
    const { rows } = await sql<{ idx: number; entry: Buffer; household_id: HouseholdId | null }>`
      select e.idx, e.entry, h.household_id
        from ledger.entry e
        left join subject.entry h on h.log_id = e.log_id and h.idx = e.idx
       where e.log_id = ${logId} and e.idx >= ${from} and e.idx < ${from + pieceLength}
         and position(${named}::bytea in e.entry) > 0
       order by e.idx`.execute(store);
    for (const { idx, entry, household_id: householdId } of rows)
      yield { index: Number(idx), entry: entry.toString('utf8'), householdId };
  }
}

/** Indices of the disclosures that were made void: they are about an entry, and name no third party. */
export async function voidedAmong(store: Store, logId: number): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ voided: number }>`
    select (substring(convert_from(e.entry, 'UTF8') from '"disclosure":([0-9]+)'))::bigint as voided
      from ledger.entry e
     where e.log_id = ${logId}
       and position('"kind":"disclosure.void"'::bytea in e.entry) > 0`.execute(store);
  return new Set(rows.map(({ voided }) => Number(voided)));
}

export interface Addressee {
  readonly householdId: HouseholdId;
  readonly emails: readonly string[];
  readonly addresses: readonly string[];
}

export async function listAddressees(
  store: Store,
  householdIds: readonly HouseholdId[],
): Promise<Addressee[]> {
  const { rows } = await sql<{ household_id: HouseholdId; emails: string[]; addresses: string[] }>`
    select w.household_id,
      array(select o.email from household.occupier o where o.household_id = w.household_id order by o.email) as emails,
      array(select distinct m.address from household.tenancy t
        join household.meter_point m on m.meter_point_id = t.meter_point_id
        where t.household_id = w.household_id) as addresses
    from unnest(${[...householdIds]}::text[]) w(household_id)`.execute(store);
  return rows.map(({ household_id: householdId, ...row }) => ({ householdId, ...row }));
}
