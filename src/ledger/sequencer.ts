// Group commit: whatever waits is written by one transaction, and the next starts when it has returned. No timer:
// the more arrive, the larger the batch. The queue and the wait are bounded, and a late answer is no answer (P1).
import type { Database } from '../db/database.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { Logger } from '../observe/logger.ts';
import { type BatchOutcome, type BatchParts, type PreparedEntry, type Receipt, writeBatch } from './batch.ts';
import { GuardRefused, RequestRepeated } from './errors.ts';

export interface SequencerLimits {
  readonly queueLength: number;
  readonly batchLength: number;
  readonly deadlineMs: number;
}

export const defaultLimits: SequencerLimits = { queueLength: 4096, batchLength: 512, deadlineMs: 2000 };

export interface Sequencer {
  /** Resolves once the entry is durable. Errors: ledger_unavailable, GuardRefused, RequestRepeated. */
  append(entry: PreparedEntry): Promise<Receipt>;
  /** Writes what waits in ledger.pending, if anything does. */
  drain(): Promise<void>;
  /** Lets the batch under way end and refuses what comes after. */
  close(): Promise<void>;
}

interface Waiter {
  readonly entry: PreparedEntry;
  readonly expiresAt: number;
  settle(outcome: BatchOutcome | Error): void;
}

export function openSequencer(
  db: Database,
  parts: BatchParts,
  logger: Logger,
  limits: SequencerLimits = defaultLimits,
): Sequencer {
  let queue: Waiter[] = [];
  let flushing: Promise<void> | null = null;
  let closed = false;

  const commit = (entries: readonly PreparedEntry[]) =>
    db.transaction().execute((tx) => writeBatch(parts, tx, entries));

  async function flushAll(): Promise<void> {
    await new Promise(setImmediate);
    while (queue.length > 0) {
      const batch = queue.slice(0, limits.batchLength);
      queue = queue.slice(limits.batchLength);
      await flush(batch.filter((waiter) => !expire(waiter)));
    }
    flushing = null;
  }

  async function flush(batch: readonly Waiter[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      const outcomes = await commit(batch.map((waiter) => waiter.entry));
      batch.forEach((waiter, i) => {
        waiter.settle(outcomes[i] as BatchOutcome);
      });
    } catch (error) {
      if (batch.length > 1 && isFaultOfAnEntry(error)) return await flushOneByOne(batch);
      logger.error({ err: error, entries: batch.length }, 'ledger batch failed');
      for (const waiter of batch) waiter.settle(error as Error);
    }
  }

  /** An entry that the database refuses must not take its neighbours with it. */
  async function flushOneByOne(batch: readonly Waiter[]): Promise<void> {
    for (const waiter of batch) if (!expire(waiter)) await flush([waiter]);
  }

  return {
    append(entry) {
      if (closed || queue.length >= limits.queueLength)
        return Promise.reject(
          new StabledoorError(
            'ledger_unavailable',
            'The ledger has too much to write. Nothing was released.',
          ),
        );
      return new Promise((done, fail) => {
        const timer = setTimeout(() => fail(late()), limits.deadlineMs);
        queue.push({
          entry,
          expiresAt: performance.now() + limits.deadlineMs,
          settle(outcome) {
            clearTimeout(timer);
            settleWith(outcome, done, fail);
          },
        });
        flushing ??= flushAll();
      });
    },
    async drain() {
      await commit([]);
    },
    async close() {
      closed = true;
      await flushing;
    },
  };
}

const late = () =>
  new StabledoorError('ledger_unavailable', 'The ledger took too long. Nothing was released.');

/** True when the waiter has been answered already: writing its entry now would only make a record of nothing. */
function expire(waiter: Waiter): boolean {
  if (performance.now() < waiter.expiresAt) return false;
  waiter.settle(late());
  return true;
}

function settleWith(
  outcome: BatchOutcome | Error,
  done: (receipt: Receipt) => void,
  fail: (error: Error) => void,
): void {
  if (outcome instanceof Error) fail(new StabledoorError('ledger_unavailable', undefined, {}, {}, outcome));
  else if ('unwritten' in outcome) fail(new GuardRefused(outcome.unwritten));
  else if ('repeatedAt' in outcome) fail(new RequestRepeated(outcome.repeatedAt));
  else done(outcome);
}

/** SQLSTATE classes 22 and 23, and our own refusal of a malformed batch: not the server's trouble, an entry's. */
function isFaultOfAnEntry(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && (code.startsWith('22') || code.startsWith('23') || code === 'SD003');
}
