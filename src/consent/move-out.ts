// A tenancy ends: every consent that rests on it ends at that midnight, and nobody new can be given the days before it.
// A date to come works the same: the guard of every read asks for it, and the entry is written when it has come.
import type { BrokerTransaction, Database } from '../db/database.ts';
import {
  endTenancy,
  findLatestTenancy,
  findMeterPoint,
  listMeterPoints,
  lockName,
  type Tenancy,
} from '../household/household-store.ts';
import type { MeterPoint } from '../household/meter-point.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type HouseholdId, newRequestId } from '../lib/ids.ts';
import { addDays, type LocalDate, localDateAt, startOfLocalDayMs } from '../lib/local-date.ts';
import { move } from './consent.ts';
import { endSiblings, record } from './consent-step.ts';
import { type Consent, findConsents } from './consent-store.ts';
import { lockHousehold } from './hold-store.ts';
import { writeNarrowed } from './narrow-consent.ts';
import { findSignedBy } from './step-store.ts';
import { holdConsentsOf, settleTenancyEnds } from './tenancy-store.ts';
import { shareable } from './terms.ts';

export interface MoveOutParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

export interface MovedOut {
  readonly householdId: HouseholdId;
  /** The first day that is not theirs. */
  readonly on: LocalDate;
  /** Consents that ended now, and those that end on a day to come. */
  readonly ended: number;
  readonly ending: number;
  /** Consents that go on without the meter point. */
  readonly narrowed: number;
}

/**
 * Says on which day a household is no longer there; a day that has not come yet can be changed.
 * Errors: `not_found`; `invalid_request` for a day that is not after the first one, or where they left before;
 * `ledger_unavailable`.
 */
export async function moveOut(
  { db, ledger }: MoveOutParts,
  { mpan, on }: { readonly mpan: string; readonly on: LocalDate },
): Promise<MovedOut> {
  return db.transaction().execute(async (tx) => {
    const leaving = await holdTenancy(tx, mpan);
    await leave(tx, leaving, on);
    const { householdId, meterPoint, nowMs } = leaving;
    const consents = await consentsOf(tx, leaving);
    const over = startOfLocalDayMs(on, meterPoint.zone) <= nowMs;
    const ended = over ? await endSiblings(tx, ledger, consents, 'end', nowMs) : [];
    await record(ledger, tx, [...ended, unlinkedEntry(leaving, on)]);
    const counts = { ended: ended.length, ending: consents.length - ended.length, narrowed: 0 };
    return { householdId, on, ...counts };
  });
}

/**
 * The meter point is no more (taken away, or struck from the register): whoever shares others too goes on with those.
 * Errors: as `moveOut`.
 */
export async function removeMeterPoint(
  { db, ledger }: MoveOutParts,
  { mpan }: { readonly mpan: string },
): Promise<MovedOut> {
  return db.transaction().execute(async (tx) => {
    const leaving = await holdTenancy(tx, mpan);
    const { householdId, meterPoint, nowMs, tenancy } = leaving;
    const today = localDateAt(nowMs, meterPoint.zone);
    // A tenancy has at least one day: one that began today ends tomorrow, but its consents do not wait for that.
    const on = today > tenancy.from ? today : addDays(tenancy.from, 1);
    const consents = await consentsOf(tx, leaving);
    const [alone, others] = [true, false].map((is) =>
      consents.filter(({ meterPoints }) => (meterPoints.length === 1) === is),
    ) as [Consent[], Consent[]];
    const narrowed = await dropPoint(tx, ledger, others, leaving);
    const ended = await endSiblings(tx, ledger, alone, 'end', nowMs);
    await leave(tx, leaving, on);
    await record(ledger, tx, [...narrowed, ...ended, unlinkedEntry(leaving, on)]);
    return { householdId, on, ended: ended.length, ending: 0, narrowed: narrowed.length };
  });
}

interface Leaving {
  readonly householdId: HouseholdId;
  readonly meterPoint: MeterPoint;
  readonly tenancy: Tenancy;
  readonly nowMs: number;
}

async function holdTenancy(tx: BrokerTransaction, mpan: string): Promise<Leaving> {
  // In the order in which a household is added: the meter point's name, then the household.
  await lockName(tx, mpan);
  const meterPoint = await findMeterPoint(tx, mpan);
  const tenancy = meterPoint && (await findLatestTenancy(tx, meterPoint.meterPointId));
  if (!meterPoint || !tenancy)
    throw new StabledoorError('not_found', `No household is known at the meter point ${mpan}.`);
  const { householdId } = tenancy;
  const nowMs = await lockHousehold(tx, householdId);
  if (tenancy.until !== null && startOfLocalDayMs(tenancy.until, meterPoint.zone) <= nowMs)
    throw new StabledoorError('invalid_request', `They left the meter point on ${tenancy.until}.`);
  return { householdId, meterPoint, tenancy, nowMs };
}

async function leave(
  tx: BrokerTransaction,
  { tenancy, meterPoint, householdId }: Leaving,
  on: LocalDate,
): Promise<void> {
  if (on <= tenancy.from)
    throw new StabledoorError(
      'invalid_request',
      `They live there from ${tenancy.from} on: name a later day.`,
    );
  await endTenancy(tx, { meterPointId: meterPoint.meterPointId, from: tenancy.from, on });
  await settleTenancyEnds(tx, householdId);
}

async function consentsOf(
  tx: BrokerTransaction,
  { householdId, meterPoint }: Leaving,
): Promise<readonly Consent[]> {
  const held = await holdConsentsOf(tx, householdId, meterPoint.meterPointId);
  return held.length === 0 ? [] : findConsents(tx, held);
}

/** A household has few consents, so that each is narrowed by statements of its own. */
async function dropPoint(
  tx: BrokerTransaction,
  ledger: Ledger,
  consents: readonly Consent[],
  { householdId, meterPoint, nowMs }: Leaving,
): Promise<AppendRequest[]> {
  if (consents.length === 0) return [];
  const household = await listMeterPoints(tx, householdId);
  const entries: AppendRequest[] = [];
  for (const consent of consents) {
    move(consent.state, 'narrow');
    const others = consent.meterPoints.filter((point) => point.meterPointId !== meterPoint.meterPointId);
    const kept = shareable(consent.terms, household).filter(({ meterPointId }) =>
      others.some((point) => point.meterPointId === meterPointId),
    );
    const fuels = consent.terms.fuels.filter((fuel) => kept.some((point) => point.fuel === fuel));
    const signedBy = await findSignedBy(tx, consent.consentId);
    const terms = { ...consent.terms, fuels };
    const { entry } = await writeNarrowed(tx, ledger, consent, {
      terms,
      kept,
      nowMs,
      signedBy,
      actor: 'operator',
    });
    entries.push(entry);
  }
  return entries;
}

const unlinkedEntry = ({ householdId, meterPoint }: Leaving, on: LocalDate): AppendRequest => ({
  req: newRequestId(),
  householdId,
  body: { kind: 'meter-point.unlinked', actor: 'operator' },
  personal: { meter_point: meterPoint.mpan, until: on },
});
