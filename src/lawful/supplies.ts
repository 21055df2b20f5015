// That a third party supplies a household at a meter point, as an operator records it, and what the household refuses of what
// a licence allows there. State and entries are one transaction, as with every move.
import type { BrokerTransaction, Database } from '../db/database.ts';
import { findMeterPoint, listHolders } from '../household/household-store.ts';
import type { MeterPoint } from '../household/meter-point.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import type { OptOutPurpose } from '../ledger/licence.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ClientId, type HouseholdId, newId, newRequestId, type SupplyId } from '../lib/ids.ts';
import { type LocalDate, localDateAt } from '../lib/local-date.ts';
import { findThirdParty } from '../registry/registry-store.ts';
import {
  endSupply as endRow,
  findSupply,
  insertSupply,
  listCurrentSupplies,
  type Supply,
  setOptOuts,
} from './supply-store.ts';

export interface SupplyParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export interface NewSupply {
  readonly clientId: ClientId;
  readonly householdId: HouseholdId;
  readonly mpan: string;
  /** The first local day that is supplied; today where absent. */
  readonly from?: LocalDate | undefined;
}

/**
 * What the household has refused of another supply is refused of this one too. Errors: `not_found`; `invalid_request` for
 * who is no supplier, and where the same supply stands already; `ledger_unavailable`.
 */
export async function recordSupply(parts: SupplyParts, asked: NewSupply): Promise<Supply> {
  const { db, ledger, clock } = parts;
  const { clientId, householdId, mpan } = asked;
  const supplyId = newId('supply');
  return await db.transaction().execute(async (tx) => {
    await requireSupplier(tx, clientId);
    const point = await findMeterPoint(tx, mpan);
    const from = asked.from ?? localDateAt(clock.nowMs(), point?.zone ?? 'UTC');
    if (point === null || !(await livesThere(tx, point, householdId, from)))
      throw new StabledoorError(
        'not_found',
        `No such household lives at the meter point ${mpan} on ${from}.`,
      );
    const others = await listCurrentSupplies(tx, ledger.logId, householdId, { hold: true });
    const optedOut = [...new Set(others.flatMap((other) => other.optedOut))].sort();
    const supply = {
      supplyId,
      logId: ledger.logId,
      householdId,
      meterPointId: point.meterPointId,
      clientId,
      meterRef: newId('mp'),
      from,
      optedOut,
    } as const;
    if (!(await insertSupply(tx, supply)))
      throw new StabledoorError('invalid_request', `${clientId} supplies that household there already.`);
    await ledger.appendWithin(tx, [recordedEntry(supply, mpan), ...optOutEntries([supply], optedOut)]);
    return (await findSupply(tx, supplyId)) as Supply;
  });
}

/** From today on it reads nothing new by its licence. Errors: `not_found`; `ledger_unavailable`. */
export async function endSupply(parts: SupplyParts, supplyId: SupplyId): Promise<LocalDate> {
  const { db, ledger, clock } = parts;
  return await db.transaction().execute(async (tx) => {
    const supply = await findSupply(tx, supplyId);
    const ended = supply && (await endRow(tx, supplyId, localDateAt(clock.nowMs(), supply.zone)));
    if (!ended) throw new StabledoorError('not_found', `There is no supply ${supplyId} that lasts.`);
    await ledger.appendWithin(tx, [
      {
        req: newRequestId(),
        householdId: ended.householdId,
        body: {
          kind: 'supply.ended',
          actor: 'operator',
          supply_ref: supplyId,
          third_party: ended.clientId,
        },
      },
    ]);
    return ended.until as LocalDate;
  });
}

/** All that the household refuses from now on. Changes nothing where it is so already. Errors: `ledger_unavailable`. */
export async function recordOptOuts(
  { db, ledger }: Pick<SupplyParts, 'db' | 'ledger'>,
  householdId: HouseholdId,
  purposes: readonly OptOutPurpose[],
): Promise<void> {
  const wanted = [...new Set(purposes)].sort();
  await db.transaction().execute(async (tx) => {
    const held = await listCurrentSupplies(tx, ledger.logId, householdId, { hold: true });
    const changing = held.filter(({ optedOut }) => optedOut.join() !== wanted.join());
    if (changing.length === 0) return;
    await setOptOuts(
      tx,
      changing.map(({ supplyId }) => supplyId),
      wanted,
    );
    await ledger.appendWithin(
      tx,
      changing.map((supply) => optOutEntry(supply, wanted)),
    );
  });
}

async function requireSupplier(tx: BrokerTransaction, clientId: ClientId): Promise<void> {
  const found = await findThirdParty(tx, clientId);
  if (found === null) throw new StabledoorError('not_found', `There is no third party ${clientId}.`);
  if (found.class !== 'supplier' || found.status === 'pending')
    throw new StabledoorError('invalid_request', `${found.name} is no supplier that is registered.`);
}

const livesThere = async (
  tx: BrokerTransaction,
  { meterPointId }: MeterPoint,
  householdId: HouseholdId,
  from: LocalDate,
): Promise<boolean> => (await listHolders(tx, meterPointId, from)).includes(householdId);

type Named = Pick<Supply, 'supplyId' | 'householdId' | 'clientId'>;

const recordedEntry = (supply: Named & Pick<Supply, 'meterRef'>, mpan: string): AppendRequest => ({
  req: newRequestId(),
  householdId: supply.householdId,
  body: {
    kind: 'supply.recorded',
    actor: 'operator',
    supply_ref: supply.supplyId,
    third_party: supply.clientId,
    meter_ref: supply.meterRef,
  },
  personal: { meter_point: mpan },
  evidence: ['meter_point'],
});

const optOutEntries = (supplies: readonly Named[], purposes: readonly OptOutPurpose[]): AppendRequest[] =>
  purposes.length === 0 ? [] : supplies.map((supply) => optOutEntry(supply, purposes));

const optOutEntry = (supply: Named, purposes: readonly OptOutPurpose[]): AppendRequest => ({
  req: newRequestId(),
  householdId: supply.householdId,
  body: {
    kind: 'opt-out.recorded',
    actor: 'householder',
    supply_ref: supply.supplyId,
    third_party: supply.clientId,
    purposes: [...purposes],
  },
});
