// Every number that the meter store gave a read ends in an entry. Where a broker died between reading and recording, or the
// entry could not be written, `read.dropped` says that nothing came of it: once nothing can come of it any more.
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import {
  beginStoreReads,
  holdStoreReads,
  listStoreReads,
  type SettledReads,
  settleStoreReads,
} from './dropped-reads-store.ts';
import { beforeAll, findUnaccounted, type Unaccounted } from './unaccounted-reads.ts';

export interface DropReadsParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly logger: Logger;
  /** How far the meter store has counted, and which start of it that is. */
  numbered(): Promise<{ readonly storeStart: number; readonly lastNumber: number }>;
}

export const numberedNow = async ({ numbered }: Pick<DropReadsParts, 'numbered'>): Promise<SettledReads> => {
  const { storeStart, lastNumber } = await numbered();
  return { number: lastNumber, storeStart: String(storeStart) };
};

const MOST_AT_ONCE = 256;
const MOST_KNOWN = 20_000;

/**
 * Writes `read.dropped` for each number up to `given` without an entry; gives how many. Does nothing where another process is
 * at it. A read that is under way all the same finds its number taken, and releases nothing.
 */
export async function dropReads(parts: DropReadsParts, given: SettledReads): Promise<number> {
  let dropped = 0;
  for (;;) {
    const done = await parts.db.transaction().execute(async (tx): Promise<Unaccounted | null> => {
      const { logId } = parts.ledger;
      const settled = await holdStoreReads(tx, logId);
      if (settled === null) return null;
      if (settled.number > given.number)
        parts.logger.error({ settled, given }, 'the meter store counts from further back than it did');
      if (settled.number >= given.number) return null;
      const known = await listStoreReads(tx, logId, settled.number, MOST_KNOWN);
      const isAll = known.length < MOST_KNOWN;
      const upTo = isAll ? given : (known.at(-1) as SettledReads);
      const found = findUnaccounted(settled, known, upTo, MOST_AT_ONCE);
      if (found.dropped.length > 0) await parts.ledger.appendWithin(tx, found.dropped.map(droppedRead));
      if (found.settled.number > settled.number) await settleStoreReads(tx, logId, found.settled);
      return { ...found, goesOn: found.goesOn || !isAll };
    });
    dropped += done?.dropped.length ?? 0;
    if (done !== null && done.dropped.length + done.skipped > 0)
      parts.logger.warn(
        { dropped: done.dropped.length, skipped: done.skipped },
        'numbers of the meter store came to nothing',
      );
    if (!done?.goesOn) return dropped;
  }
}

const droppedRead = ({ number, storeStart }: SettledReads) => ({
  req: newRequestId(),
  householdId: null,
  body: { kind: 'read.dropped', actor: 'broker', store_read: `${storeStart}/${number}` } as const,
  guards: [{ name: 'store-read-open', args: { number } }],
});

/** Longer than a read can be under way: the store's time-out, and then the ledger's. */
const settleMs = 15_000;

/**
 * Looks at what the store has counted, and at the next look accounts for it: at the first look after a start that is what came
 * to nothing before. Call what it gives to end that.
 */
export async function watchDroppedReads(
  parts: DropReadsParts,
  everyMs = settleMs,
): Promise<() => Promise<void>> {
  let seen: SettledReads | null = null;
  const look = async (account: boolean) => {
    try {
      const now = await numberedNow(parts);
      await beginStoreReads(parts.db, parts.ledger.logId, { ...now, storeStart: beforeAll });
      if (account && seen !== null) await dropReads(parts, seen);
      seen = now;
    } catch (error) {
      parts.logger.warn({ err: error }, 'reads of the meter store are not accounted for yet');
    }
  };
  await look(false);
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => look(true));
  }, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
