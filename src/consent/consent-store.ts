// The SQL of consents. Nothing here decides: states come from consent.ts, terms from terms.ts.
// Whoever changes a consent holds its row; whoever gives or requests one holds its household first.
import { type Expression, type SqlBool, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import type { BrokerTransaction, Store } from '../db/database.ts';
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
  readonly expiresAt: Date | null;
  readonly requestedAt: Date;
  /** When it came into this state. */
  readonly changedAt: Date;
  readonly asked: ConsentTerms;
  /** The terms of this version: as asked until it is given. */
  readonly terms: ConsentTerms;
  readonly meterPoints: readonly GrantedMeterPoint[];
  readonly wording: Wording;
  readonly wordingDigest: string;
}

/** One household's consents change one after another; gives the time of the database. */
export async function lockHousehold(tx: BrokerTransaction, householdId: HouseholdId): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`consent ${householdId}`}, 0))`.execute(tx);
  return readNowMs(tx);
}

export async function readNowMs(store: Store): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ledger.now_ms() as now`.execute(store);
  if (rows[0] === undefined) throw new Error('the database has no time');
  return rows[0].now;
}

/** Waits in this transaction are cut short: a stop must not hang behind a ledger that does. */
export async function waitBriefly(tx: BrokerTransaction, milliseconds: number): Promise<void> {
  await sql`select set_config('lock_timeout', ${String(milliseconds)}, true),
    set_config('statement_timeout', ${String(milliseconds * 2)}, true)`.execute(tx);
}

function selectConsents(store: Store) {
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
    .select(['c.state', 'c.version', 'c.expires_at', 'c.wording', 'c.wording_digest'])
    .select(['c.requested_at', 'c.changed_at'])
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
          .orderBy('m.meter_ref'),
      ).as('meter_refs'),
    ]);
}

type ConsentRow = Awaited<ReturnType<ReturnType<typeof selectConsents>['executeTakeFirstOrThrow']>>;

function consentOf(row: ConsentRow): Consent {
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
    wording: row.wording as Wording,
    wordingDigest: row.wording_digest,
  };
}

export async function findConsent(store: Store, consentId: ConsentId): Promise<Consent | null> {
  const row = await selectConsents(store).where('c.consent_id', '=', consentId).executeTakeFirst();
  return row ? consentOf(row) : null;
}

/** Holds its row until the transaction ends. */
export async function findConsentForUpdate(
  tx: BrokerTransaction,
  consentId: ConsentId,
): Promise<Consent | null> {
  await tx
    .selectFrom('consent.consent')
    .select('state')
    .where('consent_id', '=', consentId)
    .forUpdate()
    .execute();
  // A second statement: only it sees what the holder of the row before us committed.
  return findConsent(tx, consentId);
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

/** The household's consents in one state with one third party, held until the transaction ends. */
/** Held for the transaction. */
export async function findHouseholdConsents(
  tx: BrokerTransaction,
  householdId: HouseholdId,
  state: ConsentState,
): Promise<Consent[]> {
  const held = await tx
    .selectFrom('consent.consent')
    .select('consent_id')
    .where('household_id', '=', householdId)
    .where('state', '=', state)
    .orderBy('consent_id')
    .forUpdate()
    .execute();
  if (held.length === 0) return [];
  const ids = held.map((row) => row.consent_id);
  const rows = await selectConsents(tx).where('c.consent_id', 'in', ids).orderBy('c.consent_id').execute();
  return rows.map(consentOf).filter((consent) => consent.state === state);
}

export async function findSiblings(
  tx: BrokerTransaction,
  consent: { householdId: HouseholdId; clientId: ClientId; purpose?: Purpose },
  state: ConsentState,
): Promise<Consent[]> {
  const matching = tx
    .selectFrom('consent.consent')
    .select('consent_id')
    .where('household_id', '=', consent.householdId)
    .where('client_id', '=', consent.clientId)
    .where('state', '=', state)
    .$if(consent.purpose !== undefined, (query) => query.where('purpose', '=', consent.purpose ?? ''))
    .orderBy('consent_id')
    .forUpdate();
  const ids = (await matching.execute()).map((row) => row.consent_id);
  if (ids.length === 0) return [];
  const rows = await selectConsents(tx)
    .where('c.consent_id', 'in', ids)
    .where('c.state', '=', state)
    .orderBy('c.consent_id')
    .execute();
  return rows.map(consentOf);
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

/** Consents whose time is up, or whose single reads are all done, and that still say `given`; rows held by others are left. */
export async function findDueConsents(tx: BrokerTransaction, limit: number): Promise<Consent[]> {
  const held = await tx
    .selectFrom('consent.consent as c')
    .select('c.consent_id')
    .where('c.state', '=', 'given')
    .where((eb) => eb.or([eb('c.expires_at', '<=', sql<Date>`ledger.now()`), allRead()]))
    .orderBy('c.consent_id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  if (held.length === 0) return [];
  const ids = held.map((row) => row.consent_id);
  return (await selectConsents(tx).where('c.consent_id', 'in', ids).execute()).map(consentOf);
}

const allRead = (): Expression<SqlBool> => sql<SqlBool>`(c.once and not exists (
  select from consent.meter_ref m where m.consent_id = c.consent_id and m.log_id = c.log_id and not exists (
    select from consent.single_read r where r.meter_ref = m.meter_ref and r.log_id = m.log_id)))`;

/** When each step was taken and where the ledger holds it; null while its entry still waits to be written. */
export async function listSteps(
  store: Store,
  consentId: ConsentId,
): Promise<{ event: string; version: number; at: Date; index: number | null }[]> {
  return store
    .selectFrom('consent.step as s')
    .leftJoin('ledger.request as r', (join) =>
      join.onRef('r.log_id', '=', 's.log_id').onRef('r.req', '=', 's.req'),
    )
    .select(['s.event', 's.version', 's.at', 'r.idx as index'])
    .where('s.consent_id', '=', consentId)
    .orderBy('s.at')
    .orderBy('r.idx')
    .execute();
}
