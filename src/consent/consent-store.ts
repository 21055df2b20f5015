// The SQL that reads consents. Nothing here decides: states come from consent.ts, terms from terms.ts.
// A consent is read as it stands in its version: terms of that version, and the meter points that it still has.
import { sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import type { Store } from '../db/database.ts';
import type { Fuel } from '../household/meter-point.ts';
import type { ClientId, ConsentId, HouseholdId, MeterPointId, MeterRef, OccupierId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import type { Purpose, Register } from '../policy/request.ts';
import type { Resolution } from '../registry/purposes.ts';
import type { ConsentState } from './consent.ts';
import type { ConsentTerms } from './terms.ts';
import type { Wording } from './wording.ts';

export interface GrantedMeterPoint {
  readonly meterRef: MeterRef;
  readonly meterPointId: MeterPointId;
}

export interface Consent {
  readonly consentId: ConsentId;
  readonly householdId: HouseholdId;
  readonly occupierId: OccupierId;
  readonly clientId: ClientId;
  readonly state: ConsentState;
  /** 0 until it is given. */
  readonly version: number;
  /** When it ends at the latest: by its terms, or with the tenancy that it rests on. */
  readonly expiresAt: Date | null;
  readonly requestedAt: Date;
  /** When it came into this state. */
  readonly changedAt: Date;
  readonly asked: ConsentTerms;
  /** The terms of this version: as asked until it is given. */
  readonly terms: ConsentTerms;
  readonly meterPoints: readonly GrantedMeterPoint[];
  /** Of a refused one: until when its group cannot ask for the same purpose. */
  readonly quietUntil: Date | null;
  readonly wording: Wording;
  readonly wordingDigest: string;
}

export function selectConsents(store: Store) {
  return store
    .selectFrom('consent.consent as c')
    .innerJoin('consent.terms as a', (join) =>
      join
        .onRef('a.consent_id', '=', 'c.consent_id')
        .onRef('a.log_id', '=', 'c.log_id')
        .on('a.version', '=', 0),
    )
    .innerJoin('consent.terms as t', (join) =>
      join
        .onRef('t.consent_id', '=', 'c.consent_id')
        .onRef('t.log_id', '=', 'c.log_id')
        .onRef('t.version', '=', 'c.version'),
    )
    .select([
      'c.consent_id',
      'c.household_id',
      'c.occupier_id',
      'c.client_id',
      'c.purpose',
      'c.once',
      'c.note',
    ])
    .select(['c.state', 'c.version', 'c.wording', 'c.wording_digest'])
    .select(sql<Date | null>`least(c.expires_at, c.ends_at)`.as('expires_at'))
    .select(['c.requested_at', 'c.changed_at', 'c.quiet_until'])
    .select(['a.resolution as asked_resolution', 'a.from_date as asked_from', 'a.until_date as asked_until'])
    .select(['a.fuels as asked_fuels', 'a.registers as asked_registers'])
    .select(['t.resolution', 't.from_date', 't.until_date', 't.fuels', 't.registers'])
    .select((eb) => [
      jsonArrayFrom(
        eb
          .selectFrom('consent.meter_ref as m')
          .select(['m.meter_ref', 'm.meter_point_id'])
          .whereRef('m.consent_id', '=', 'c.consent_id')
          .whereRef('m.log_id', '=', 'c.log_id')
          .where('m.until_version', 'is', null)
          .orderBy('m.meter_ref'),
      ).as('meter_refs'),
    ]);
}

export type ConsentRow = Awaited<ReturnType<ReturnType<typeof selectConsents>['executeTakeFirstOrThrow']>>;

export function consentOf(row: ConsentRow): Consent {
  const shared = { purpose: row.purpose as Purpose, once: row.once, note: row.note };
  return {
    consentId: row.consent_id as ConsentId,
    householdId: row.household_id as HouseholdId,
    occupierId: row.occupier_id as OccupierId,
    clientId: row.client_id as ClientId,
    state: row.state as ConsentState,
    version: row.version,
    expiresAt: row.expires_at,
    requestedAt: row.requested_at,
    changedAt: row.changed_at,
    asked: {
      ...shared,
      fuels: row.asked_fuels as Fuel[],
      registers: row.asked_registers as Register[],
      resolution: row.asked_resolution as Resolution,
      from: row.asked_from as LocalDate,
      until: row.asked_until as LocalDate,
    },
    terms: {
      ...shared,
      fuels: row.fuels as Fuel[],
      registers: row.registers as Register[],
      resolution: row.resolution as Resolution,
      from: row.from_date as LocalDate,
      until: row.until_date as LocalDate,
    },
    meterPoints: row.meter_refs.map((ref) => ({
      meterRef: ref.meter_ref as MeterRef,
      meterPointId: ref.meter_point_id as MeterPointId,
    })),
    quietUntil: row.quiet_until,
    wording: row.wording as Wording,
    wordingDigest: row.wording_digest,
  };
}

export async function findConsent(store: Store, consentId: ConsentId): Promise<Consent | null> {
  const row = await selectConsents(store).where('c.consent_id', '=', consentId).executeTakeFirst();
  return row ? consentOf(row) : null;
}

export async function findConsents(store: Store, consentIds: readonly ConsentId[]): Promise<Consent[]> {
  const rows = await selectConsents(store)
    .where('c.consent_id', 'in', [...consentIds])
    .orderBy('c.consent_id')
    .execute();
  return rows.map(consentOf);
}

export async function findConsentByRequest(
  store: Store,
  occupierId: OccupierId,
  requestRef: string,
): Promise<Consent | null> {
  const row = await selectConsents(store)
    .where('c.occupier_id', '=', occupierId)
    .where('c.request_ref', '=', requestRef)
    .executeTakeFirst();
  return row ? consentOf(row) : null;
}

/** An occupier's own consents, the newest first. Another occupier's never show. */
export async function listOccupierConsents(
  store: Store,
  occupierId: OccupierId,
  limit = 200,
): Promise<Consent[]> {
  const rows = await selectConsents(store)
    .where('c.occupier_id', '=', occupierId)
    .orderBy('c.requested_at', 'desc')
    .orderBy('c.consent_id')
    .limit(limit)
    .execute();
  return rows.map(consentOf);
}

/** What a third party was given, current or over, by id; `after` is the last id of the page before. */
export async function listThirdPartyConsents(
  store: Store,
  clientId: ClientId,
  page: { after?: ConsentId | undefined; limit: number },
): Promise<Consent[]> {
  const rows = await selectConsents(store)
    .where('c.client_id', '=', clientId)
    .where('c.version', '>', 0)
    .$if(page.after !== undefined, (query) => query.where('c.consent_id', '>', page.after ?? ''))
    .orderBy('c.consent_id')
    .limit(page.limit)
    .execute();
  return rows.map(consentOf);
}
