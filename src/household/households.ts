// Adds a household: its occupier by e-mail, its meter point, and the entry that says they are linked.
// An operator links a meter point to one household; whoever lives there besides shows it with a code from the post.
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type HouseholdId, type MeterPointId, newId, newRequestId } from '../lib/ids.ts';
import { isZone, type LocalDate } from '../lib/local-date.ts';
import { parseEmailAddress } from './email-address.ts';
import {
  findMeterPoint,
  findOccupierByEmail,
  insertHousehold,
  insertMeterPoint,
  insertTenancy,
  listHolders,
  lockName,
} from './household-store.ts';
import { upsertLink } from './link-store.ts';
import type { Fuel } from './meter-point.ts';

export interface HouseholdParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

export interface NewHousehold {
  readonly email: string;
  readonly mpan: string;
  readonly address: string;
  readonly fuel: Fuel;
  readonly zone: string;
  /** The first local day that is theirs. */
  readonly from: LocalDate;
  /** Whether the meter is paid for beforehand; null or absent where nobody has said. */
  readonly prepayment?: boolean | null;
}

export interface AddedHousehold {
  readonly householdId: HouseholdId;
  readonly meterPointId: MeterPointId;
  /** False where the very same link stood already. */
  readonly linked: boolean;
}

/** Errors: `invalid_request`; `meter_point_taken`; `ledger_unavailable`. Adding the same again changes nothing. */
export async function addHousehold(parts: HouseholdParts, added: NewHousehold): Promise<AddedHousehold> {
  return withAccount(parts, checkHousehold(added), async (tx, householdId) => {
    // In one order, e-mail before meter point, so that two calls cannot wait for each other in a ring.
    await lockName(tx, added.mpan);
    return linkMeterPoint(tx, parts.ledger, householdId, added);
  });
}

/**
 * The household of whoever signs in with that address, made where there is none, and whatever else belongs into the same
 * transaction. `email` was parsed.
 */
export async function withAccount<Answer>(
  { db, ledger }: HouseholdParts,
  email: string,
  within: (tx: BrokerTransaction, householdId: HouseholdId) => Promise<Answer>,
): Promise<Answer> {
  const known = await findOccupierByEmail(db, email);
  const newHouseholdId = newId('household');
  // A key before the first entry; if another call adds the same household just now, this one is never used.
  if (known === null) await ledger.createSubject(newHouseholdId);
  return db.transaction().execute(async (tx) => {
    await lockName(tx, email);
    const occupier = await findOccupierByEmail(tx, email);
    if (occupier !== null) return within(tx, occupier.householdId);
    await insertHousehold(tx, {
      householdId: newHouseholdId,
      logId: ledger.logId,
      occupierId: newId('occupier'),
      email,
    });
    return within(tx, newHouseholdId);
  });
}

function checkHousehold({ email, mpan, address, zone }: NewHousehold): string {
  const parsed = parseEmailAddress(email);
  const fault =
    parsed === null
      ? 'email: not an e-mail address'
      : !/^[A-Za-z0-9._:-]{1,64}$/.test(mpan)
        ? 'meter point: 1 to 64 letters, digits, dots, colons or dashes'
        : !isZone(zone)
          ? 'zone: not a time zone'
          : address.trim() === '' || address.length > 200 || /\p{C}/u.test(address)
            ? 'address: 1 to 200 characters on one line'
            : null;
  if (fault !== null || parsed === null) throw new StabledoorError('invalid_request', fault ?? 'email');
  return parsed;
}

async function linkMeterPoint(
  tx: BrokerTransaction,
  ledger: Ledger,
  householdId: HouseholdId,
  { mpan, fuel, address, zone, from, prepayment = null }: NewHousehold,
): Promise<AddedHousehold> {
  const known = await findMeterPoint(tx, mpan);
  const meterPointId = known?.meterPointId ?? newId('meter_point');
  if (known === null) {
    await insertMeterPoint(tx, { meterPointId, mpan, fuel, address: address.trim(), zone, prepayment });
  } else {
    if (known.fuel !== fuel || known.zone !== zone)
      throw new StabledoorError(
        'invalid_request',
        `${mpan} is known with fuel ${known.fuel}, ${known.zone}.`,
      );
    const holders = await listHolders(tx, meterPointId, from);
    if (holders.includes(householdId)) return { householdId, meterPointId, linked: false };
    if (holders.length > 0) throw new StabledoorError('meter_point_taken');
  }
  await upsertLink(tx, { meterPointId, householdId, provenBy: 'operator' });
  await insertTenancy(tx, { meterPointId, householdId, from });
  await ledger.appendWithin(tx, [
    {
      req: newRequestId(),
      householdId,
      body: { kind: 'meter-point.linked', actor: 'operator', proven_by: 'operator' },
      personal: { meter_point: mpan },
      evidence: ['meter_point'],
    },
  ]);
  return { householdId, meterPointId, linked: true };
}
