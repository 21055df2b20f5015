// Links a household to a meter point by the code that was posted there. With a fresh start, everything that anybody else
// has there ends in the same transaction, and nobody is told: who lives there now may be in danger from who did.
import type { BrokerTransaction } from '../db/database.ts';
import { activationCodeHash, parseActivationCode } from '../household/activation-code.ts';
import { endHelpers } from '../household/helper-store.ts';
import {
  findMeterPointById,
  insertTenancy,
  listMeterPoints,
  lockName,
} from '../household/household-store.ts';
import {
  endLinks,
  endTenancies,
  findCodeMeterPoint,
  listOtherHouseholds,
  spendActivationCode,
  upsertLink,
  voidActivationCodes,
} from '../household/link-store.ts';
import type { MeterPoint } from '../household/meter-point.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import { type HouseholdId, newRequestId } from '../lib/ids.ts';
import { type LocalDate, localDateAt } from '../lib/local-date.ts';
import { type ConsentParts, endSiblings, record } from './consent-step.ts';
import { lockHousehold, readNowMs } from './hold-store.ts';
import { holdGivenAt } from './home-store.ts';
import { settleTenancyEnds } from './tenancy-store.ts';

export interface HomeLink {
  readonly householdId: HouseholdId;
  /** As it was typed. */
  readonly code: string;
  /** Nobody else who was linked there may see, share or help there from now on. */
  readonly freshStart: boolean;
}

/**
 * Gives the meter point; null where the code links nothing: unknown, spent, too old or another's, and all look alike.
 * Errors: `ledger_unavailable`, and then the code is not spent.
 */
export async function linkHome(parts: ConsentParts, link: HomeLink): Promise<MeterPoint | null> {
  const { db, ledger } = parts;
  const code = parseActivationCode(link.code);
  if (code === null) return null;
  const { householdId } = link;
  return db.transaction().execute(async (tx) => {
    const codeHash = activationCodeHash(code);
    const meterPointId = await findCodeMeterPoint(tx, codeHash);
    const point = meterPointId && (await findMeterPointById(tx, meterPointId));
    if (!point) return null;
    // The home before the code: a fresh start holds the home while it makes every other code of it worth nothing.
    await lockName(tx, point.mpan);
    const spent = await spendActivationCode(tx, codeHash, householdId);
    if (spent === null) return null;
    const today = localDateAt(await readNowMs(tx), point.zone);
    await upsertLink(tx, { meterPointId: point.meterPointId, householdId, provenBy: 'code' });
    const ended = link.freshStart ? await endOthers(tx, ledger, point, { householdId, today }) : [];
    await moveIn(tx, point, householdId, spent.from ?? today);
    await settleTenancyEnds(tx, householdId);
    await record(ledger, tx, [...ended, linkedEntry(householdId, point)]);
    return point;
  });
}

/** Their days begin where none of theirs are running; never before days of theirs that are over. */
async function moveIn(
  tx: BrokerTransaction,
  { meterPointId }: MeterPoint,
  householdId: HouseholdId,
  from: LocalDate,
): Promise<void> {
  const own = (await listMeterPoints(tx, householdId)).filter((each) => each.meterPointId === meterPointId);
  if (own.some((each) => each.tenancyUntil === null)) return;
  const ends = own.flatMap((each) => each.tenancyUntil ?? []);
  const first = [from, ...ends].sort().at(-1) ?? from;
  await insertTenancy(tx, { meterPointId, householdId, from: first });
}

async function endOthers(
  tx: BrokerTransaction,
  ledger: Ledger,
  point: MeterPoint,
  { householdId, today }: { householdId: HouseholdId; today: LocalDate },
): Promise<AppendRequest[]> {
  const { meterPointId } = point;
  const others = await listOtherHouseholds(tx, { meterPointId, householdId, today });
  // One's own helpers go too: they may be why somebody starts afresh.
  await endHelpers(tx, [householdId, ...others]);
  // A letter that lies with somebody else would let them in again, under whatever account.
  await voidActivationCodes(tx, meterPointId);
  if (others.length === 0) return [];
  let nowMs = 0;
  // In the order of their ids, as everybody who holds several does.
  for (const other of others) nowMs = await lockHousehold(tx, other);
  await endTenancies(tx, meterPointId, others, today);
  await endLinks(tx, meterPointId, others, new Date(nowMs));
  const given = await holdGivenAt(tx, meterPointId, others);
  const ended = await endSiblings(tx, ledger, given, 'end', nowMs);
  return [...ended, ...others.map((other) => unlinkedEntry(other, point, today))];
}

const linkedEntry = (householdId: HouseholdId, { mpan }: MeterPoint): AppendRequest => ({
  req: newRequestId(),
  householdId,
  body: { kind: 'meter-point.linked', actor: 'householder', proven_by: 'code' },
  personal: { meter_point: mpan },
});

const unlinkedEntry = (householdId: HouseholdId, { mpan }: MeterPoint, until: LocalDate): AppendRequest => ({
  req: newRequestId(),
  householdId,
  body: { kind: 'meter-point.unlinked', actor: 'householder' },
  personal: { meter_point: mpan, until },
});
