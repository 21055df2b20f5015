// Proofs from a log of a million entries, each of another place and another size of the tree, checked before it counts.
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../src/db/database.ts';
import { proveConsistency, proveInclusion } from '../src/ledger/proofs.ts';
import { makeBed } from './bed.ts';
import { inRounds, type Load, median, ratio, underLoad } from './measure.ts';
import type { Row } from './row.ts';

const family = 'proofs';
const logId = 2;
const entries = 1_000_000;
/** As many as a proof would meet on two cores without waiting for them: it is the proof that is measured, not the queue. */
const inFlight = 2;
const seconds = 3;

/** In rows of the length that the ledger writes. As the owner: a tree is a tree, whoever made its leaves. */
async function fillLog(ownerUrl: string): Promise<void> {
  const owner = openDatabase({ url: ownerUrl, maxConnections: 1, statementTimeoutMs: 120_000 });
  const piece = 50_000;
  await sql`select ledger.open_log(${logId}::smallint, 'proofs.example/ledger', 'sandbox')`.execute(owner);
  for (let from = 0; from < entries; from += piece)
    await sql`
      insert into ledger.entry (log_id, idx, leaf, entry)
        select ${logId}, i, sha256('\\x00'::bytea || e), e
          from generate_series(${from}::bigint, ${from + piece - 1}::bigint) i,
            lateral (select convert_to(rpad(i::text, 700, '.'), 'UTF8') as e) made`.execute(owner);
  await sql`update ledger.head set size = ${entries} where log_id = ${logId}`.execute(owner);
  await sql`vacuum analyze ledger.entry, ledger.tile_hash`.execute(owner as unknown as Kysely<never>);
  await owner.destroy();
}

const upTo = (limit: number): number => Math.floor(Math.random() * limit);

export async function proofRows(): Promise<Row[]> {
  const bed = await makeBed();
  try {
    await fillLog(bed.urls.owner);
    const { app } = bed;
    const inclusion = async () => {
      const size = entries - upTo(entries - 1);
      await proveInclusion(app, logId, upTo(size), size);
    };
    const consistency = async () => {
      const to = entries - upTo(entries - 1);
      await proveConsistency(app, logId, 1 + upTo(to), to);
    };
    const one = async () => {
      const place = upTo(entries);
      await app
        .selectFrom('ledger.entry')
        .select('leaf')
        .where('log_id', '=', logId)
        .where('idx', '=', place)
        .execute();
    };
    const loads = await inRounds({
      inclusion: () => underLoad(inFlight, seconds, inclusion),
      consistency: () => underLoad(inFlight, seconds, consistency),
      floor: () => underLoad(inFlight, seconds, one),
    });
    const against = (of: readonly Load[]): Row => ({
      family,
      what: 'against one row by its primary key',
      value: ratio(of, loads.floor),
      unit: '×',
    });
    return [
      ...[...rowsOf('inclusion', loads.inclusion), against(loads.inclusion)],
      ...[...rowsOf('consistency', loads.consistency), against(loads.consistency)],
    ];
  } finally {
    await bed.close();
  }
}

const rowsOf = (kind: string, loads: readonly Load[]): Row[] => [
  {
    family,
    what: `${kind} proofs from a million entries, ${inFlight} in flight`,
    value: median(loads.map((load) => load.rate)),
    unit: '/s',
  },
  {
    family,
    what: 'the slowest hundredth of them',
    value: median(loads.map((load) => load.p99Ms)),
    unit: 'ms',
    target: { below: 50 },
  },
];
