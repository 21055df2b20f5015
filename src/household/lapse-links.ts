// Writes down that links have lapsed: a year without a fresh code from the post. What rests on one is refused already, by
// the end that each consent carries; this only makes ledger and link say so.
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { findDueLinks, markLapsed } from './link-store.ts';

interface LapseParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

/** Gives how many lapsed; `most` means that there may be more. */
export async function lapseLinks({ db, ledger }: LapseParts, most = 100): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const due = await findDueLinks(tx, most);
    if (due.length === 0) return 0;
    await markLapsed(tx, due);
    await ledger.appendWithin(
      tx,
      due.map(({ householdId, mpan, until }) => ({
        ...{ req: newRequestId(), householdId },
        body: { kind: 'meter-point.unlinked', actor: 'broker' } as const,
        personal: { meter_point: mpan, until },
      })),
    );
    return due.length;
  });
}

const watchEveryMs = 60_000;

/** Looks every minute; call what it gives to end that. */
export function watchLinks(parts: LapseParts & { readonly logger: Logger }): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() =>
      lapseLinks(parts).catch((error: unknown) =>
        parts.logger.warn({ err: error }, 'links that lapsed are not written down yet'),
      ),
    );
  }, watchEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
