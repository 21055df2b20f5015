// Appends with one, a hundred and twenty-eight and two thousand in flight, beside the same transaction without hashes and
// signatures: what the ledger's proofs cost, whoever waits.
import { makeBed } from './bed.ts';
import { disclosures } from './disclosures.ts';
import { inRounds, median, ratio, underLoad } from './measure.ts';
import type { Row } from './row.ts';
import { unhashedAppend } from './unhashed-append.ts';

const family = 'appends';
const seconds = 3;

export async function appendRows(): Promise<Row[]> {
  const bed = await makeBed();
  try {
    const bare = disclosures(bed.households, { evidence: false });
    const unhashed = await unhashedAppend(bed);
    const rows: Row[] = [];
    for (const inFlight of [1, 128, 2000]) {
      const loads = await inRounds({
        ledger: () => underLoad(inFlight, seconds, async () => void (await bed.ledger.append(bare()))),
        unhashed: () => underLoad(inFlight, seconds, () => unhashed(bare())),
      });
      const isHeld = inFlight === 128;
      rows.push(
        {
          family,
          what: `${inFlight} in flight`,
          value: median(loads.ledger.map((load) => load.rate)),
          unit: '/s',
        },
        {
          family,
          what: 'the slowest hundredth of them',
          value: median(loads.ledger.map((load) => load.p99Ms)),
          unit: 'ms',
          ...(isHeld ? { target: { below: 100 } } : {}),
        },
        {
          family,
          what: 'against the same transaction, no hash or signature',
          value: ratio(loads.ledger, loads.unhashed),
          unit: '×',
          ...(isHeld ? { target: { atLeast: 0.6 } } : {}),
        },
      );
    }
    return rows;
  } finally {
    await bed.close();
  }
}
