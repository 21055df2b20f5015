// Durable appends a second, at 128 in flight, beside what they would cost without proofs, without a ledger, and without
// group commit.
import { type Bed, makeBed } from './bed.ts';
import { disclosures } from './disclosures.ts';
import { inRounds, median, ratio, residentMegabytes, underLoad } from './measure.ts';
import { plainInsert } from './plain-insert.ts';
import type { Row } from './row.ts';
import { unhashedAppend } from './unhashed-append.ts';

const inFlight = 128;
const seconds = 3;
const family = 'ledger';

/** Entries a batch while `work` runs: each batch has a checkpoint of its own. */
async function meanBatchLength({ app }: Bed, work: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    const row = await app
      .selectFrom('ledger.checkpoint')
      .select((q) => [q.fn.max<number>('size').as('entries'), q.fn.countAll<number>().as('batches')])
      .where('log_id', '=', 1)
      .executeTakeFirstOrThrow();
    return { entries: Number(row.entries), batches: Number(row.batches) };
  };
  const before = await count();
  await work();
  const after = await count();
  return Math.round((after.entries - before.entries) / (after.batches - before.batches));
}

export async function ledgerRows(): Promise<Row[]> {
  const bed = await makeBed();
  try {
    const next = disclosures(bed.households);
    const append = async () => void (await bed.ledger.append(next()));
    const bare = disclosures(bed.households, { evidence: false });
    await underLoad(inFlight, 1, append);
    const unhashed = await unhashedAppend(bed);
    const batchLength = await meanBatchLength(bed, () =>
      underLoad(inFlight, 1, async () => void (await bed.ledger.append(bare()))),
    );
    const plain = await plainInsert(bed, batchLength);
    const alone = () =>
      bed.app.transaction().execute(async (tx) => void (await bed.ledger.appendWithin(tx, [bare()])));
    let resident = 0;
    const loads = await inRounds({
      ledger: async () => {
        const load = await underLoad(inFlight, seconds, append);
        resident = Math.max(resident, residentMegabytes());
        return load;
      },
      bare: () => underLoad(inFlight, seconds, async () => void (await bed.ledger.append(bare()))),
      unhashed: () => underLoad(inFlight, seconds, () => unhashed(next())),
      plain: () => plain(seconds),
      alone: () => underLoad(inFlight, seconds, alone),
    });
    const rate = (name: keyof typeof loads) => median(loads[name].map((load) => load.rate));
    return [
      { family, what: `durable appends, ${inFlight} in flight`, value: rate('ledger'), unit: '/s' },
      {
        family,
        what: 'the slowest hundredth of them',
        value: median(loads.ledger.map((load) => load.p99Ms)),
        unit: 'ms',
        target: { below: 100 },
      },
      { family, what: 'without the sealed proof of each read', value: rate('bare'), unit: '/s' },
      {
        family,
        what: 'appends against it',
        value: ratio(loads.ledger, loads.bare),
        unit: '×',
        target: { atLeast: 0.6 },
      },
      { family, what: 'the same transaction, no hash or signature', value: rate('unhashed'), unit: '/s' },
      {
        family,
        what: 'appends against it',
        value: ratio(loads.bare, loads.unhashed),
        unit: '×',
        target: { atLeast: 0.6 },
      },
      { family, what: `rows by plain INSERT, ${batchLength} at a time`, value: rate('plain'), unit: '/s' },
      {
        family,
        what: 'appends against it',
        value: ratio(loads.bare, loads.plain),
        unit: '×',
        target: { atLeast: 0.3 },
      },
      { family, what: 'one transaction an append', value: rate('alone'), unit: '/s' },
      {
        family,
        what: 'appends against it',
        value: ratio(loads.bare, loads.alone),
        unit: '×',
        target: { atLeast: 10 },
      },
      {
        family,
        what: 'resident memory while appending',
        value: resident,
        unit: 'MB',
        target: { below: 400 },
      },
    ];
  } finally {
    await bed.close();
  }
}
