// The facts of a read, in one query: the consent in its version in force, the third party and whom it reaches, the meter point.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import { askedTogether } from '../lib/asked-together.ts';
import type { ConsentId, HouseholdId, MeterRef } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import type { Purpose, Register, Resolution, ThirdPartyClass } from '../policy/request.ts';

export interface ReleaseFacts {
  readonly householdId: HouseholdId;
  readonly clientId: string;
  readonly thirdPartyClass: ThirdPartyClass;
  readonly thirdPartyStatus: 'active' | 'pending' | 'suspended';
  readonly registeredPurposes: readonly Purpose[];
  readonly ethicsApproved: boolean;
  readonly groupClasses: readonly ThirdPartyClass[];
  readonly recipients: { readonly classes: readonly ThirdPartyClass[]; readonly notActive: number };
  readonly state: string;
  readonly version: number;
  readonly expiresAtMs: number | null;
  readonly givenAtMs: number;
  readonly once: boolean;
  readonly purpose: Purpose;
  readonly resolution: Resolution;
  readonly registers: readonly Register[];
  readonly from: LocalDate;
  readonly until: LocalDate;
  /** Null when the consent has no meter point of that name. */
  readonly meterPoint: {
    readonly mpan: string;
    readonly fuel: string;
    readonly zone: string;
    readonly prepayment: boolean;
    readonly tenancyFrom: LocalDate;
    readonly tenancyUntil: LocalDate | null;
  } | null;
}

/** Which facts a read needs. */
export interface FactsWanted {
  readonly consentId: ConsentId;
  readonly meterRef: MeterRef;
}

/** Null when there is no such consent, or it was never given. */
export type FindReleaseFacts = (wanted: FactsWanted) => Promise<ReleaseFacts | null>;

const mostReads = 256;

/** The facts of one read. Reads that come together are asked for together: for each alone, it cost a fifth of a read. */
export const releaseFacts = (db: Store, logId: number): FindReleaseFacts =>
  askedTogether((wanted) => findReleaseFacts(db, logId, wanted), mostReads);

async function findReleaseFacts(
  db: Store,
  logId: number,
  wanted: readonly FactsWanted[],
): Promise<(ReleaseFacts | null)[]> {
  const consents = wanted.map(({ consentId }) => consentId);
  const meterRefs = wanted.map(({ meterRef }) => meterRef);
  const { rows } = await sql<FactsRow>`
    select w.place, c.household_id, c.client_id, c.state, c.version, least(c.expires_at, c.ends_at) as expires_at,
      c.once, c.purpose, t.resolution, t.registers, t.from_date, t.until_date, s.at as given_at,
      p.class, p.status, p.purposes, p.ethics_number,
      array(select distinct g.class from registry.third_party g
        where g.legal_group = p.legal_group and g.client_id <> p.client_id and g.status <> 'pending') as group_classes,
      array(select o.class || ' ' || o.status from registry.third_party o
        where o.client_id = any(p.recipients)) as recipients,
      m.mpan, m.fuel, m.zone, m.prepayment, y.from_date as tenancy_from, y.until_date as tenancy_until
    from unnest(${consents}::text[], ${meterRefs}::text[]) with ordinality w(consent_id, meter_ref, place)
    join consent.consent c on c.consent_id = w.consent_id and c.log_id = ${logId}
    join consent.terms t on t.consent_id = c.consent_id and t.version = c.version and t.log_id = c.log_id
    join consent.step s on s.consent_id = c.consent_id and s.log_id = c.log_id and s.event = 'give'
    join registry.third_party p on p.client_id = c.client_id
    left join consent.meter_ref r
      on r.consent_id = c.consent_id and r.log_id = c.log_id and r.meter_ref = w.meter_ref and r.until_version is null
    left join household.meter_point m on m.meter_point_id = r.meter_point_id
    -- Of several tenancies of one household at one meter point, the latest.
    left join lateral (
      select l.from_date, l.until_date from household.tenancy l
      where l.meter_point_id = r.meter_point_id and l.household_id = c.household_id
      order by l.from_date desc limit 1
    ) y on true`.execute(db);
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  return wanted.map((_, i) => {
    const row = byPlace.get(i + 1);
    return row ? factsOf(row) : null;
  });
}

interface FactsRow {
  place: number;
  household_id: string;
  client_id: string;
  state: string;
  version: number;
  expires_at: Date | null;
  once: boolean;
  given_at: Date;
  purpose: string;
  resolution: string;
  registers: string[];
  from_date: string;
  until_date: string;
  class: string;
  status: ReleaseFacts['thirdPartyStatus'];
  purposes: string[];
  ethics_number: string | null;
  group_classes: string[];
  /** Class and status of each. */
  recipients: string[];
  mpan: string | null;
  fuel: string | null;
  zone: string | null;
  prepayment: boolean | null;
  tenancy_from: string | null;
  tenancy_until: string | null;
}

function factsOf(row: FactsRow): ReleaseFacts {
  const { mpan, fuel, zone, tenancy_from } = row;
  return {
    householdId: row.household_id as HouseholdId,
    clientId: row.client_id,
    thirdPartyClass: row.class as ThirdPartyClass,
    thirdPartyStatus: row.status,
    registeredPurposes: row.purposes as Purpose[],
    ethicsApproved: row.ethics_number !== null,
    groupClasses: row.group_classes as ThirdPartyClass[],
    recipients: recipientsOf(row.recipients),
    state: row.state,
    version: row.version,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    givenAtMs: row.given_at.getTime(),
    once: row.once,
    purpose: row.purpose as Purpose,
    resolution: row.resolution as Resolution,
    registers: row.registers as Register[],
    from: row.from_date as LocalDate,
    until: row.until_date as LocalDate,
    meterPoint:
      mpan === null || fuel === null || zone === null || tenancy_from === null
        ? null
        : {
            mpan,
            fuel,
            zone,
            prepayment: row.prepayment === true,
            tenancyFrom: tenancy_from as LocalDate,
            tenancyUntil: row.tenancy_until as LocalDate | null,
          },
  };
}

export const recipientsOf = (rows: readonly string[]): ReleaseFacts['recipients'] => ({
  classes: rows.map((row) => row.split(' ')[0] as ThirdPartyClass),
  notActive: rows.filter((row) => !row.endsWith(' active')).length,
});

export interface ReadableConsent {
  readonly purpose: string;
  readonly resolution: Resolution;
  readonly from: LocalDate;
  readonly until: LocalDate;
  readonly registers: readonly Register[];
  readonly meterPoints: readonly {
    readonly meterRef: MeterRef;
    readonly fuel: string;
    readonly zone: string;
  }[];
}

/** What a consent lets its third party ask for; null if it was never given. Whether it still stands is not looked at. */
export async function findReadable(
  db: Store,
  logId: number,
  consentId: ConsentId,
): Promise<ReadableConsent | null> {
  const rows = await db
    .selectFrom('consent.consent as c')
    .innerJoin('consent.terms as t', (on) =>
      on
        .onRef('t.consent_id', '=', 'c.consent_id')
        .onRef('t.version', '=', 'c.version')
        .onRef('t.log_id', '=', 'c.log_id'),
    )
    .innerJoin('consent.meter_ref as r', (on) =>
      on
        .onRef('r.consent_id', '=', 'c.consent_id')
        .onRef('r.log_id', '=', 'c.log_id')
        .on('r.until_version', 'is', null),
    )
    .innerJoin('household.meter_point as m', 'm.meter_point_id', 'r.meter_point_id')
    .select([
      'c.purpose',
      't.resolution',
      't.from_date',
      't.until_date',
      't.registers',
      'r.meter_ref',
      'm.fuel',
      'm.zone',
    ])
    .where('c.consent_id', '=', consentId)
    .where('c.log_id', '=', logId)
    .orderBy('r.meter_ref')
    .limit(64)
    .execute();
  const [first] = rows;
  if (first === undefined) return null;
  return {
    purpose: first.purpose,
    resolution: first.resolution as Resolution,
    from: first.from_date as LocalDate,
    until: first.until_date as LocalDate,
    registers: first.registers as Register[],
    meterPoints: rows.map(({ meter_ref, fuel, zone }) => ({ meterRef: meter_ref as MeterRef, fuel, zone })),
  };
}
