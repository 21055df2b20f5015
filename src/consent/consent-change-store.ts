// The SQL that changes consents: a row each for consent, terms, meter points and step. Terms and steps are only added.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';
import type { ClientId, ConsentId, HouseholdId, MeterRef, OccupierId, RequestId } from '../lib/ids.ts';
import type { ConsentEvent, ConsentState } from './consent.ts';
import type { GrantedMeterPoint } from './consent-store.ts';
import type { ConsentTerms } from './terms.ts';
import type { Wording } from './wording.ts';

export interface NewConsent {
  readonly logId: number;
  readonly consentId: ConsentId;
  readonly householdId: HouseholdId;
  readonly occupierId: OccupierId;
  readonly clientId: ClientId;
  readonly requestRef: string;
  readonly asked: ConsentTerms;
  readonly wording: Wording;
  readonly wordingDigest: string;
  readonly at: Date;
}

/** With the terms that were asked for, and its first step: one statement, because each waits for the database. */
export async function insertConsent(
  tx: BrokerTransaction,
  { logId, consentId, asked, at, ...consent }: NewConsent,
  req: RequestId,
): Promise<void> {
  await sql`
    with asked as (
      insert into consent.terms (log_id, consent_id, version, resolution, from_date, until_date, fuels, registers)
      values (${logId}, ${consentId}, 0, ${asked.resolution}, ${asked.from}, ${asked.until}, ${[...asked.fuels]},
        ${[...asked.registers]})
    ), step as (
      insert into consent.step (log_id, req, consent_id, event, version, at)
      values (${logId}, ${req}, ${consentId}, 'request', 0, ${at})
    )
    insert into consent.consent (log_id, consent_id, household_id, occupier_id, client_id, request_ref, purpose, once,
      note, state, version, wording, wording_digest, requested_at, changed_at)
    values (${logId}, ${consentId}, ${consent.householdId}, ${consent.occupierId}, ${consent.clientId},
      ${consent.requestRef}, ${asked.purpose}, ${asked.once}, ${asked.note}, 'requested', 0,
      ${JSON.stringify(consent.wording)}, ${consent.wordingDigest}, ${at}, ${at})`.execute(tx);
}

export interface NewVersion {
  readonly logId: number;
  readonly consentId: ConsentId;
  readonly event: 'give' | 'narrow';
  /** The request id of its ledger entry. */
  readonly req: RequestId;
  readonly version: number;
  readonly terms: ConsentTerms;
  /** That it has from now on, beside those that it had. */
  readonly meterPoints: readonly GrantedMeterPoint[];
  readonly expiresAtMs: number;
  readonly endsAtMs: number | null;
  /** When to remind of it, where that is sooner than before. */
  readonly remindAtMs: number | null;
  readonly at: Date;
}

const timeOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

/** Given, in this version: terms, meter points, state and step in one statement. */
export async function writeVersion(tx: BrokerTransaction, given: NewVersion): Promise<void> {
  const { logId, consentId, req, version, terms, meterPoints, at } = given;
  await sql`
    with terms as (
      insert into consent.terms (log_id, consent_id, version, resolution, from_date, until_date, fuels, registers)
      values (${logId}, ${consentId}, ${version}, ${terms.resolution}, ${terms.from}, ${terms.until},
        ${[...terms.fuels]}, ${[...terms.registers]})
    ), points as (
      insert into consent.meter_ref (log_id, meter_ref, consent_id, meter_point_id)
      select ${logId}::smallint, m.meter_ref, ${consentId}, m.meter_point_id
      from unnest(${meterPoints.map(({ meterRef }) => meterRef)}::text[],
        ${meterPoints.map(({ meterPointId }) => meterPointId)}::text[]) m(meter_ref, meter_point_id)
    ), step as (
      insert into consent.step (log_id, req, consent_id, event, version, at)
      values (${logId}, ${req}, ${consentId}, ${given.event}, ${version}, ${at})
    )
    update consent.consent
    set state = 'given', version = ${version}, expires_at = ${timeOf(given.expiresAtMs)},
      ends_at = ${timeOf(given.endsAtMs)}, remind_at = least(remind_at, ${timeOf(given.remindAtMs)}::timestamptz),
      changed_at = ${at}
    where consent_id = ${consentId}`.execute(tx);
}

/** From this version on the consent does not have them any more. */
export async function dropMeterRefs(
  tx: BrokerTransaction,
  meterRefs: readonly MeterRef[],
  version: number,
): Promise<void> {
  if (meterRefs.length === 0) return;
  await tx
    .updateTable('consent.meter_ref')
    .set({ until_version: version })
    .where('meter_ref', 'in', [...meterRefs])
    .where('until_version', 'is', null)
    .execute();
}

export interface StateChange {
  readonly logId: number;
  readonly event: ConsentEvent;
  readonly state: ConsentState;
  readonly at: Date;
}

export interface ChangedConsent {
  readonly consentId: ConsentId;
  readonly version: number;
  /** The request id of its ledger entry. */
  readonly req: RequestId;
}

/** The new state of each, and the step that says so, in one statement. */
export async function changeState(
  tx: BrokerTransaction,
  { logId, event, state, at }: StateChange,
  consents: readonly ChangedConsent[],
): Promise<void> {
  const ids = consents.map(({ consentId }) => consentId);
  await sql`
    with step as (
      insert into consent.step (log_id, req, consent_id, event, version, at)
      select ${logId}::smallint, s.req, s.consent_id, ${event}, s.version, ${at}::timestamptz
      from unnest(${consents.map(({ req }) => req)}::uuid[], ${ids}::text[],
        ${consents.map(({ version }) => version)}::integer[]) s(req, consent_id, version)
    )
    update consent.consent set state = ${state}, changed_at = ${at} where consent_id = any(${ids}::text[])`.execute(
    tx,
  );
}

/**
 * Every consent of a third party that is struck off is over from now on, for every read; whoever writes down what time has
 * decided ends them one by one.
 */
export async function endConsentsOfParty(tx: BrokerTransaction, clientId: ClientId): Promise<void> {
  await sql`
    update consent.consent set ends_at = ledger.now()
     where client_id = ${clientId} and state = 'given' and coalesce(ends_at > ledger.now(), true)`.execute(
    tx,
  );
}

/**
 * No consent outlives its log: what was stopped in the part that is lost must not come back, and nobody can tell which
 * those were. So all that are in force end, open requests lapse, and whoever wants readings asks anew. Returns how many
 * were in force.
 */
export async function endConsentsOfLog(tx: BrokerTransaction, logId: number): Promise<number> {
  const { rows } = await sql<{ ended: number }>`
    select consent.close_log(${logId}::smallint) as ended`.execute(tx);
  return rows[0]?.ended ?? 0;
}
