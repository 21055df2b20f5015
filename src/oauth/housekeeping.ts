// Lets go of what is spent: codes, requests, jtis, tokens, allowances. One process at a time, in small batches, and never
// in the way of a request: what is looked up is found by its key, however much waits to go.
import type { Store } from '../db/database.ts';
import type { Logger } from '../observe/logger.ts';
import { sweep } from './housekeeping-store.ts';

const sweepEveryMs = 5000;
const mostRows = 2000;
const mostBatches = 15;

/** Sweeps until nothing is left, or for as many batches as one round may have. */
export async function sweepSpent({ db }: { readonly db: Store }, most = mostRows): Promise<void> {
  for (let batch = 0; batch < mostBatches; batch++) if ((await sweep(db, most)) < most) return;
}

/** From now on; call what it gives to end that. */
export function watchSpent(parts: { readonly db: Store; readonly logger: Logger }): () => Promise<void> {
  let sweeping: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    sweeping = sweeping
      .then(() => sweepSpent(parts))
      .catch((error: unknown) => parts.logger.warn({ err: error }, 'what is spent could not be let go'));
  }, sweepEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await sweeping;
  };
}
