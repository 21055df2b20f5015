// Starts the embedded server again when it has died: killed, or ended for good by a disk that was full. On the port that
// it had, so that every connection string stays true; and never one that its last user has just stopped.
import type { Logger } from '../observe/logger.ts';

export interface ServerWatch {
  /** Waits for a start under way; none comes after it. */
  close(): Promise<void>;
}

/** Resolves with whether it had to be started. Errors: it could not be. */
export type EnsureRuns = () => Promise<boolean>;

const lookEveryMs = 1000;
/** A disk that is full is full for a while: enough tries to be back well within a minute of its end. */
const slowestEveryMs = 10_000;

export function watchServer(ensureRuns: EnsureRuns, logger: Logger): ServerWatch {
  let closed = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    try {
      if (await ensureRuns()) logger.warn('the embedded PostgreSQL had died and was started again');
      failures = 0;
    } catch (error) {
      failures += 1;
      logger.error({ err: error, failures }, 'the embedded PostgreSQL has died and does not start');
    }
    plan();
  };
  const plan = () => {
    if (closed) return;
    timer = setTimeout(
      () => {
        looking = look();
      },
      Math.min(lookEveryMs * 2 ** failures, slowestEveryMs),
    );
    timer.unref();
  };
  plan();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
