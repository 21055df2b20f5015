// A household on a test file's databases, with its occupier and meter points, and a request for its consent.
import { findOccupierByEmail, listMeterPoints } from '../../src/household/household-store.ts';
import { addHousehold, type HouseholdParts } from '../../src/household/households.ts';
import type { HouseholdMeterPoint } from '../../src/household/meter-point.ts';
import type { HouseholdId, OccupierId } from '../../src/lib/ids.ts';
import { type LocalDate, localDate } from '../../src/lib/local-date.ts';

export interface TestHousehold {
  readonly email: string;
  readonly householdId: HouseholdId;
  readonly occupierId: OccupierId;
  /** Electricity, then gas if it has gas. */
  readonly meterPoints: readonly HouseholdMeterPoint[];
}

let households = 0;

export async function testHousehold(
  parts: HouseholdParts,
  options: { gas?: boolean; from?: LocalDate; zone?: string } = {},
): Promise<TestHousehold> {
  const number = ++households;
  const email = `home${number}@example.org`;
  const shared = {
    email,
    address: `${number} Mill Lane`,
    zone: options.zone ?? 'Europe/London',
    from: options.from ?? localDate('2020-01-01'),
  };
  const mpan = (fuel: number) => `${fuel}${String(number).padStart(12, '0')}`;
  await addHousehold(parts, { ...shared, mpan: mpan(1), fuel: 'electricity' });
  if (options.gas) await addHousehold(parts, { ...shared, mpan: mpan(2), fuel: 'gas' });
  const occupier = await findOccupierByEmail(parts.db, email);
  if (occupier === null) throw new Error('the household was not added');
  const { householdId, occupierId } = occupier;
  return { email, householdId, occupierId, meterPoints: await listMeterPoints(parts.db, householdId) };
}
