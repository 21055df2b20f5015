// Consents asked for, given and stopped a second: three transactions each, with state, step, entry and mail. Beside three
// transactions that write an entry and nothing else, so that what a consent costs over its record is a ratio.
import { giveConsent, requestConsent, stopConsent } from '../src/consent/consents.ts';
import { findOccupierByEmail, listMeterPoints } from '../src/household/household-store.ts';
import { addHousehold } from '../src/household/households.ts';
import { newId } from '../src/lib/ids.ts';
import { localDate } from '../src/lib/local-date.ts';
import { makeBed } from './bed.ts';
import { disclosures } from './disclosures.ts';
import { inRounds, median, ratio, underLoad } from './measure.ts';
import type { Row } from './row.ts';

const inFlight = 16;
const seconds = 3;
const family = 'consents';

export async function consentRows(): Promise<Row[]> {
  const bed = await makeBed();
  try {
    const parts = { db: bed.app, ledger: bed.ledger };
    const homes = await Promise.all(Array.from({ length: inFlight }, (_, i) => makeHome(parts, i)));
    let turn = 0;
    const stops: number[] = [];
    const life = async () => {
      const home = homes[turn++ % homes.length] as Home;
      const { consentId } = await requestConsent(parts, askedOf(home, turn));
      const { occupierId } = home;
      const choice = { resolution: 'P1D', meterPoints: home.meterPoints } as const;
      await giveConsent(parts, { consentId, occupierId, choice, signedBy: 'code' });
      const pressed = performance.now();
      await stopConsent(parts, { consentId, occupierId });
      stops.push(performance.now() - pressed);
    };
    const bare = disclosures(bed.households, { evidence: false });
    const entry = () =>
      bed.app.transaction().execute(async (tx) => void (await bed.ledger.appendWithin(tx, [bare()])));
    const entries = async () => {
      for (let i = 0; i < 3; i++) await entry();
    };
    await underLoad(inFlight, 1, life);
    const loads = await inRounds({
      lives: () => underLoad(inFlight, seconds, life),
      entries: () => underLoad(inFlight, seconds, entries),
    });
    stops.sort((a, b) => a - b);
    return [
      {
        ...{ family, what: `consents asked for, given and stopped, ${inFlight} at a time`, unit: '/s' },
        value: median(loads.lives.map(({ rate }) => rate)),
      },
      {
        ...{ family, what: 'the slowest hundredth of the stops', unit: 'ms', target: { below: 2000 } },
        value: stops[Math.floor(stops.length * 0.99)] ?? Number.NaN,
      },
      {
        ...{ family, what: 'three transactions of an entry each', unit: '/s' },
        value: median(loads.entries.map(({ rate }) => rate)),
      },
      {
        ...{ family, what: 'consents against it', unit: '×', target: { atLeast: 0.2 } },
        value: ratio(loads.lives, loads.entries),
      },
    ];
  } finally {
    await bed.close();
  }
}

type Home = Awaited<ReturnType<typeof makeHome>>;

async function makeHome(parts: Parameters<typeof addHousehold>[0], number: number) {
  const email = `home${number}@bench.example`;
  const place = { fuel: 'electricity', zone: 'Europe/London', from: localDate('2020-01-01') } as const;
  const mpan = String(1_000_000_000_000 + number);
  const { householdId } = await addHousehold(parts, {
    email,
    mpan,
    address: `${number} Mill Lane`,
    ...place,
  });
  const occupier = await findOccupierByEmail(parts.db, email);
  if (occupier === null) throw new Error('the household was not added');
  const points = await listMeterPoints(parts.db, householdId);
  const { occupierId } = occupier;
  return { householdId, occupierId, meterPoints: points.map((point) => point.meterPointId) };
}

const askedOf = ({ householdId, occupierId }: Home, number: number) => ({
  ...{ householdId, occupierId, clientId: newId('client'), requestRef: `bench ${number}` },
  terms: {
    purpose: 'energy-advice',
    fuels: ['electricity'],
    registers: ['import'],
    resolution: 'PT30M',
    ...{ from: localDate('2025-01-01'), until: localDate('2126-01-01'), once: false, note: null },
  } as const,
  party: {
    ...{ name: 'Brightwatt Ltd', tradingName: 'Brightwatt', class: 'energy-adviser' as const },
    ...{ registrationNumber: '01234567', recipientNames: [], retentionDays: 30, note: null },
  },
});
