// The facts of one read, in one query: the consent in its version in force, the third party, the meter point.
import { CompiledQuery } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ConsentId, HouseholdId, MeterRef } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import type { Purpose, Register, Resolution, ThirdPartyClass } from '../policy/request.ts';

export interface ReleaseFacts {
  readonly householdId: HouseholdId;
  readonly clientId: string;
  readonly thirdPartyClass: ThirdPartyClass;
  readonly thirdPartyStatus: 'active' | 'pending' | 'suspended';
  readonly registeredPurposes: readonly Purpose[];
  readonly state: string;
  readonly version: number;
  readonly expiresAtMs: number | null;
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
    readonly tenancyFrom: LocalDate;
    readonly tenancyUntil: LocalDate | null;
  } | null;
}

const factsQuery = (db: Store, logId: number, consentId: ConsentId, meterRef: MeterRef) =>
  db
    .selectFrom('consent.consent as c')
    .innerJoin('consent.terms as t', (on) =>
      on
        .onRef('t.consent_id', '=', 'c.consent_id')
        .onRef('t.version', '=', 'c.version')
        .onRef('t.log_id', '=', 'c.log_id'),
    )
    .innerJoin('registry.third_party as p', 'p.client_id', 'c.client_id')
    .leftJoin('consent.meter_ref as r', (on) =>
      on
        .onRef('r.consent_id', '=', 'c.consent_id')
        .onRef('r.log_id', '=', 'c.log_id')
        .on('r.meter_ref', '=', meterRef),
    )
    .leftJoin('household.meter_point as m', 'm.meter_point_id', 'r.meter_point_id')
    .leftJoin('household.tenancy as y', (on) =>
      on.onRef('y.meter_point_id', '=', 'r.meter_point_id').onRef('y.household_id', '=', 'c.household_id'),
    )
    .select([
      'c.household_id',
      'c.client_id',
      'c.state',
      'c.version',
      'c.expires_at',
      'c.purpose',
      't.resolution',
      't.registers',
      't.from_date',
      't.until_date',
      'p.class',
      'p.status',
      'p.purposes',
      'm.mpan',
      'm.fuel',
      'm.zone',
      'y.from_date as tenancy_from',
      'y.until_date as tenancy_until',
    ])
    .where('c.consent_id', '=', consentId)
    .where('c.log_id', '=', logId)
    // Of several tenancies of one household at one meter point, the latest.
    .orderBy('y.from_date', 'desc')
    .limit(1);

/** The text of that query. Building it anew costs more than sending it, and it is sent for every read. */
let factsText: string | null = null;

async function factsRow(db: Store, logId: number, consentId: ConsentId, meterRef: MeterRef) {
  // In the order in which they stand in the text: the meter point is joined before the consent is chosen.
  const parameters = [meterRef, consentId, logId, 1];
  factsText ??= textWith(factsQuery(db, logId, consentId, meterRef).compile(), parameters);
  const { rows } = await db.executeQuery<FactsRow>(CompiledQuery.raw(factsText, parameters));
  return rows[0];
}

function textWith(compiled: CompiledQuery, parameters: readonly unknown[]): string {
  if (compiled.parameters.some((parameter, i) => parameter !== parameters[i]))
    throw new TypeError('the parameters of the query stand in another order than it is sent with');
  return compiled.sql;
}

/** Null when there is no such consent, or it was never given. */
export async function findReleaseFacts(
  db: Store,
  logId: number,
  consentId: ConsentId,
  meterRef: MeterRef,
): Promise<ReleaseFacts | null> {
  const row = await factsRow(db, logId, consentId, meterRef);
  return row ? factsOf(row) : null;
}

interface FactsRow {
  household_id: string;
  client_id: string;
  state: string;
  version: number;
  expires_at: Date | null;
  purpose: string;
  resolution: string;
  registers: string[];
  from_date: string;
  until_date: string;
  class: string;
  status: ReleaseFacts['thirdPartyStatus'];
  purposes: string[];
  mpan: string | null;
  fuel: string | null;
  zone: string | null;
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
    state: row.state,
    version: row.version,
    expiresAtMs: row.expires_at?.getTime() ?? null,
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
            tenancyFrom: tenancy_from as LocalDate,
            tenancyUntil: row.tenancy_until as LocalDate | null,
          },
  };
}

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
      on.onRef('r.consent_id', '=', 'c.consent_id').onRef('r.log_id', '=', 'c.log_id'),
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
