// The SQL that changes consents: a row each for consent, terms, meter points and step. Terms and steps are only added.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';
import type {
  ClientId,
  ConsentId,
  HouseholdId,
  MeterPointId,
  MeterRef,
  OccupierId,
  RequestId,
} from '../lib/ids.ts';
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

export async function insertConsent(tx: BrokerTransaction, consent: NewConsent): Promise<void> {
  await tx
    .insertInto('consent.consent')
    .values({
      log_id: consent.logId,
      consent_id: consent.consentId,
      household_id: consent.householdId,
      occupier_id: consent.occupierId,
      client_id: consent.clientId,
      request_ref: consent.requestRef,
      purpose: consent.asked.purpose,
      once: consent.asked.once,
      note: consent.asked.note,
      state: 'requested' satisfies ConsentState,
      version: 0,
      expires_at: null,
      wording: JSON.stringify(consent.wording),
      wording_digest: consent.wordingDigest,
      requested_at: consent.at,
      changed_at: consent.at,
    })
    .execute();
  await insertTerms(tx, consent.logId, consent.consentId, 0, consent.asked);
}

export async function insertTerms(
  tx: BrokerTransaction,
  logId: number,
  consentId: ConsentId,
  version: number,
  terms: ConsentTerms,
): Promise<void> {
  await tx
    .insertInto('consent.terms')
    .values({
      log_id: logId,
      consent_id: consentId,
      version,
      resolution: terms.resolution,
      from_date: terms.from,
      until_date: terms.until,
      fuels: [...terms.fuels],
      registers: [...terms.registers],
    })
    .execute();
}

export async function insertMeterRefs(
  tx: BrokerTransaction,
  logId: number,
  consentId: ConsentId,
  meterPoints: readonly GrantedMeterPoint[],
): Promise<void> {
  await tx
    .insertInto('consent.meter_ref')
    .values(
      meterPoints.map(({ meterRef, meterPointId }) => ({
        log_id: logId,
        meter_ref: meterRef,
        consent_id: consentId,
        meter_point_id: meterPointId satisfies MeterPointId,
      })),
    )
    .execute();
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

export interface ConsentStep {
  readonly logId: number;
  readonly consentId: ConsentId;
  readonly event: ConsentEvent | 'request';
  readonly version: number;
  /** The request id of its ledger entry. */
  readonly req: RequestId;
  readonly at: Date;
}

export async function insertSteps(tx: BrokerTransaction, steps: readonly ConsentStep[]): Promise<void> {
  const rows = steps.map(({ logId, consentId, event, version, req, at }) => ({
    log_id: logId,
    req,
    consent_id: consentId,
    event,
    version,
    at,
  }));
  await tx.insertInto('consent.step').values(rows).execute();
}

export async function updateState(
  tx: BrokerTransaction,
  consentIds: readonly ConsentId[],
  state: ConsentState,
  at: Date,
): Promise<void> {
  await tx
    .updateTable('consent.consent')
    .set({ state, changed_at: at })
    .where('consent_id', 'in', [...consentIds])
    .execute();
}

/** Given, in this version. */
export async function updateGiven(
  tx: BrokerTransaction,
  consentId: ConsentId,
  given: {
    version: number;
    expiresAtMs: number;
    endsAtMs: number | null;
    /** When to remind of it, where that is sooner than before. */
    remindAtMs: number | null;
    at: Date;
  },
): Promise<void> {
  await tx
    .updateTable('consent.consent')
    .set({
      state: 'given' satisfies ConsentState,
      version: given.version,
      expires_at: new Date(given.expiresAtMs),
      ends_at: given.endsAtMs === null ? null : new Date(given.endsAtMs),
      remind_at: sql<Date | null>`least(remind_at, ${given.remindAtMs === null ? null : new Date(given.remindAtMs)}::timestamptz)`,
      changed_at: given.at,
    })
    .where('consent_id', '=', consentId)
    .execute();
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
