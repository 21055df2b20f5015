// A tenancy ends: every consent that rests on it ends at that midnight, and nobody new can be given the days before it.
// A date to come works the same: the guard of every read asks for it, and the entry is written when it has come.
import type { BrokerTransaction, Database } from '../db/database.ts';
import {
  endTenancy,
  findMeterPoint,
  listLatestTenancies,
  listMeterPoints,
  lockName,
  type Tenancy,
} from '../household/household-store.ts';
import { endLinks, voidActivationCodes } from '../household/link-store.ts';
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
  /** Who lived there, each a household of their own. */
  readonly householdIds: readonly HouseholdId[];
  /** The first day that is not theirs. */
  readonly on: LocalDate;
  /** Consents that ended now, and those that end on a day to come. */
  readonly ended: number;
  readonly ending: number;
  /** Consents that go on without the meter point. */
  readonly narrowed: number;
}

/**
 * Says on which day everybody is no longer there, or one household alone; a day that has not come yet can be changed.
 * Errors: `not_found`; `invalid_request` for a day that is not after the first one, or where they left before;
 * `ledger_unavailable`.
 */
export async function moveOut(
  { db, ledger }: MoveOutParts,
  {
    mpan,
    on,
    only,
  }: { readonly mpan: string; readonly on: LocalDate; readonly only?: HouseholdId | undefined },
): Promise<MovedOut> {
  return db.transaction().execute(async (tx) => {
    const leaving = await holdTenancies(tx, mpan, only);
    const entries: AppendRequest[] = [];
    let [ended, ending] = [0, 0];
    // A home has few people, so that each leaves by statements of its own.
    for (const one of leaving) {
      await leave(tx, one, on);
      const consents = await consentsOf(tx, one);
      const over = startOfLocalDayMs(on, one.meterPoint.zone) <= one.nowMs;
      entries.push(...(over ? await endSiblings(tx, ledger, consents, 'end', one.nowMs) : []));
      entries.push(unlinkedEntry(one, on));
      if (over) ended += consents.length;
      else ending += consents.length;
    }
    await record(ledger, tx, entries);
    return { householdIds: leaving.map(({ householdId }) => householdId), on, ended, ending, narrowed: 0 };
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
    const leaving = await holdTenancies(tx, mpan);
    const entries: AppendRequest[] = [];
    let [ended, narrowed] = [0, 0];
    const { meterPoint, nowMs } = leaving[0];
    const today = localDateAt(nowMs, meterPoint.zone);
    // A tenancy has at least one day: one that began today ends tomorrow, but its consents do not wait for that.
    const first =
      leaving
        .map(({ tenancy }) => tenancy.from)
        .sort()
        .at(-1) ?? today;
    const on = today > first ? today : addDays(first, 1);
    for (const one of leaving) {
      const consents = await consentsOf(tx, one);
      const alone = consents.filter(({ meterPoints }) => meterPoints.length === 1);
      const others = consents.filter(({ meterPoints }) => meterPoints.length !== 1);
      entries.push(...(await dropPoint(tx, ledger, others, one)));
      entries.push(...(await endSiblings(tx, ledger, alone, 'end', nowMs)));
      await leave(tx, one, on);
      entries.push(unlinkedEntry(one, on));
      ended += alone.length;
      narrowed += others.length;
    }
    await record(ledger, tx, entries);
    return { householdIds: leaving.map(({ householdId }) => householdId), on, ended, ending: 0, narrowed };
  });
}

interface Leaving {
  readonly householdId: HouseholdId;
  readonly meterPoint: MeterPoint;
  readonly tenancy: Tenancy;
  readonly nowMs: number;
}

/** Everybody who has not left yet, or only one of them; at least one. */
async function holdTenancies(
  tx: BrokerTransaction,
  mpan: string,
  only?: HouseholdId,
): Promise<[Leaving, ...Leaving[]]> {
  // In the order in which a household is added: the meter point's name, then the households, by their ids.
  await lockName(tx, mpan);
  const meterPoint = await findMeterPoint(tx, mpan);
  const all = meterPoint === null ? [] : await listLatestTenancies(tx, meterPoint.meterPointId);
  const named = all.filter(({ householdId }) => only === undefined || householdId === only);
  if (!meterPoint || named.length === 0)
    throw new StabledoorError('not_found', `No household is known at the meter point ${mpan}.`);
  const leaving: Leaving[] = [];
  for (const tenancy of named) {
    const nowMs = await lockHousehold(tx, tenancy.householdId);
    const left = tenancy.until !== null && startOfLocalDayMs(tenancy.until, meterPoint.zone) <= nowMs;
    if (!left) leaving.push({ householdId: tenancy.householdId, meterPoint, tenancy, nowMs });
  }
  const [first, ...others] = leaving;
  const until = named
    .map((tenancy) => tenancy.until ?? '')
    .sort()
    .at(-1);
  if (!first) throw new StabledoorError('invalid_request', `They left the meter point on ${until}.`);
  return [first, ...others];
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
  const { meterPointId, zone } = meterPoint;
  await endTenancy(tx, { meterPointId, householdId, from: tenancy.from, on });
  await endLinks(tx, meterPointId, [householdId], new Date(startOfLocalDayMs(on, zone)));
  // They may have a letter still, and whoever moves in gets one of their own.
  await voidActivationCodes(tx, meterPointId, householdId);
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
