// What is kept until the log can take it is written first once it can.
import type { Database } from '../db/database.ts';
import type { Logger } from '../observe/logger.ts';
import { countPending } from './ledger-store.ts';

const drainEveryMs = 1000;

/**
 * Looks for pending entries at start and then every second: the first entry after a recovery is the stop that waited.
 * Returns what ends it, which lets the look under way finish.
 */
export function drainPending(
  parts: { readonly db: Database; readonly logId: number; readonly logger: Logger },
  drain: () => Promise<unknown>,
): () => Promise<void> {
  let looking: Promise<void> | null = null;
  const look = async () => {
    try {
      if ((await countPending(parts.db, parts.logId)) > 0) await drain();
    } catch (error) {
      parts.logger.warn({ err: error }, 'pending ledger entries still wait');
    } finally {
      looking = null;
    }
  };
  const tick = () => {
    looking ??= look();
  };
  const timer = setInterval(tick, drainEveryMs);
  timer.unref();
  tick();
  return async () => {
    clearInterval(timer);
    await looking;
  };
}
