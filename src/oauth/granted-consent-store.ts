// The SQL of a consent as tokens need it: whether it stands, until when, and its terms, without the words that were shown.
// It is one fragment, so that what redeems a code or a refresh token reads grant and consent in one statement.
import { type RawBuilder, sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ConsentId, HouseholdId, MeterRef } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import type { Purpose, Register } from '../policy/request.ts';
import type { Resolution } from '../registry/purposes.ts';
import type { fuels, GrantedDetail } from './authorization-detail.ts';

export interface GrantedConsentRow {
  readonly consent_id: string;
  readonly household_id: string;
  readonly state: string;
  readonly purpose: string;
  readonly once: boolean;
  readonly consent_ends_at: Date | null;
  readonly resolution: string;
  readonly from_date: string;
  readonly until_date: string;
  readonly fuels: string[];
  readonly registers: string[];
  readonly meter_refs: string[];
}

export interface ReadConsent {
  readonly householdId: HouseholdId;
  readonly state: string;
  /** Null until it is given. */
  readonly expiresS: number | null;
  readonly detail: GrantedDetail;
}

/** Of a consent `c` with the terms `t` of its version. */
export const consentColumns: RawBuilder<unknown> = sql`
  c.consent_id, c.household_id, c.state, c.purpose, c.once, least(c.expires_at, c.ends_at) as consent_ends_at,
  t.resolution, t.from_date, t.until_date, t.fuels, t.registers,
  array(select m.meter_ref from consent.meter_ref m
    where m.consent_id = c.consent_id and m.log_id = c.log_id and m.until_version is null
    order by m.meter_ref) as meter_refs`;

/** After a table `g` that names the consent. */
export const joinConsent: RawBuilder<unknown> = sql`
  join consent.consent c on c.consent_id = g.consent_id
  join consent.terms t on t.consent_id = c.consent_id and t.log_id = c.log_id and t.version = c.version`;

export function readConsentOf(row: GrantedConsentRow): ReadConsent {
  const endsAt = row.consent_ends_at;
  return {
    householdId: row.household_id as HouseholdId,
    state: row.state,
    expiresS: endsAt === null ? null : Math.floor(endsAt.getTime() / 1000),
    detail: {
      type: 'meter_readings',
      purpose: row.purpose as Purpose,
      fuels: row.fuels as (typeof fuels)[number][],
      registers: row.registers as Register[],
      resolution: row.resolution as Resolution,
      from: row.from_date as LocalDate,
      until: row.until_date as LocalDate,
      ...(row.once ? { once: row.once } : {}),
      consent_id: row.consent_id as ConsentId,
      meter_points: row.meter_refs as MeterRef[],
    },
  };
}

export async function readConsent(store: Store, consentId: ConsentId): Promise<ReadConsent | null> {
  const { rows } = await sql<GrantedConsentRow>`
    select ${consentColumns} from (values (${consentId}::text)) as g(consent_id) ${joinConsent}`.execute(
    store,
  );
  return rows[0] ? readConsentOf(rows[0]) : null;
}
