// Group commit: whatever waits is written by one transaction, and the next starts when it has returned. No timer:
// the more arrive, the larger the batch. The queue and the wait are bounded, and a late answer is no answer (P1).
import { performance } from 'node:perf_hooks';
import { StabledoorError } from '../lib/errors.ts';
import type { Logger } from '../observe/logger.ts';
import type { BatchOutcome, BatchProgress, PreparedEntry, Receipt } from './batch.ts';
import { GuardRefused, isFaultOfAnEntry, RequestRepeated } from './errors.ts';

export interface SequencerLimits {
  readonly queueLength: number;
  readonly batchLength: number;
  readonly deadlineMs: number;
}

export const defaultLimits: SequencerLimits = { queueLength: 4096, batchLength: 512, deadlineMs: 2000 };

/** Writes entries in one durable transaction; the outcomes are in their order. With none, what is pending alone. */
export type BatchWriter = (
  entries: readonly PreparedEntry[],
  progress: BatchProgress,
) => Promise<BatchOutcome[]>;

export interface Sequencer {
  /**
   * Resolves once the entry is durable. `expiresAt` is of performance.now(), for whoever has spent some of the time
   * already. Errors: ledger_unavailable, GuardRefused, RequestRepeated. `onLate` is told of an entry that became durable
   * after its caller had been refused: it says that something was done, and it was not.
   */
  append(entry: PreparedEntry, expiresAt?: number, onLate?: (receipt: Receipt) => void): Promise<Receipt>;
  /** Lets the batch under way end and refuses what comes after. */
  close(): Promise<void>;
}

interface Waiter {
  readonly entry: PreparedEntry;
  readonly expiresAt: number;
  settle(outcome: BatchOutcome | Error): void;
}

/** Below this the second transaction costs more than the database's wait. */
const worthHalving = 32;
/** The next batch may wait for the head of the log, and the callers of this one must not wait with it. */
const answerWithinMs = 5;

/**
 * Whether this process has had no time to wait in: then it gains nothing from a batch that begins while another ends, and
 * fewer and larger ones cost it less.
 */
function openBusyness(): () => boolean {
  const lookEveryMs = 50;
  const noTimeLeft = 0.9;
  let since = performance.eventLoopUtilization();
  let isBusy = false;
  return () => {
    const { idle, active, utilization } = performance.eventLoopUtilization(since);
    if (idle + active >= lookEveryMs) {
      isBusy = utilization > noTimeLeft;
      since = performance.eventLoopUtilization();
    }
    return isBusy;
  };
}

export function openSequencer(
  write: BatchWriter,
  logger: Logger,
  limits: SequencerLimits = defaultLimits,
): Sequencer {
  let queue: Waiter[] = [];
  let flushing: Promise<void> | null = null;
  let closed = false;

  /** Answers of the batch before. Its callers get them while the database has the next, so that both work at once. */
  let answers: (() => void)[] = [];
  let answerTimer: NodeJS.Timeout | undefined;
  const giveAnswers = () => {
    clearTimeout(answerTimer);
    const given = answers;
    answers = [];
    for (const answer of given) answer();
  };

  const isBusy = openBusyness();

  async function flushAll(): Promise<void> {
    await new Promise(setImmediate);
    // Callers that all wait for one batch all come back at once, and the database waits for them: half goes ahead.
    let length = queue.length < worthHalving || isBusy() ? queue.length : queue.length >> 1;
    let before: Promise<void> = Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.slice(0, Math.min(length, limits.batchLength));
      queue = queue.slice(batch.length);
      const closed = Promise.withResolvers<void>();
      const written = flush(batch, closed.resolve).finally(closed.resolve);
      await (isBusy() ? written : closed.promise);
      await before;
      before = written;
      if (queue.length === 0) await before;
      length = queue.length;
    }
    giveAnswers();
    flushing = null;
  }

  async function flush(waiters: readonly Waiter[], onClosed: () => void): Promise<void> {
    const batch = waiters.filter((waiter) => !expire(waiter));
    if (batch.length === 0) return;
    try {
      const outcomes = await write(
        batch.map((waiter) => waiter.entry),
        { onClosed, onSent: () => setImmediate(giveAnswers) },
      );
      batch.forEach((waiter, i) => {
        answers.push(() => waiter.settle(outcomes[i] as BatchOutcome));
      });
      answerTimer = setTimeout(giveAnswers, answerWithinMs);
    } catch (error) {
      if (batch.length > 1 && isFaultOfAnEntry(error)) return await flushHalves(batch);
      logger.error({ err: error, entries: batch.length }, 'ledger batch failed');
      for (const waiter of batch) waiter.settle(error as Error);
    }
  }

  /** An entry that the database refuses must not take its neighbours with it, nor their time: 9 halvings find it. */
  async function flushHalves(batch: readonly Waiter[]): Promise<void> {
    const middle = batch.length >> 1;
    await flush(batch.slice(0, middle), () => {});
    await flush(batch.slice(middle), () => {});
  }

  return {
    append(entry, expiresAt = performance.now() + limits.deadlineMs, onLate) {
      if (closed || queue.length >= limits.queueLength) return Promise.reject(tooMuch());
      return new Promise((done, fail) => {
        let isRefused = false;
        const refuse = () => {
          isRefused = true;
          fail(late());
        };
        const timer = setTimeout(refuse, Math.max(0, expiresAt - performance.now()));
        const settle = (outcome: BatchOutcome | Error) => {
          clearTimeout(timer);
          if (isRefused && 'index' in outcome) return onLate?.(outcome);
          settleWith(outcome, done, fail);
        };
        queue.push({ entry, expiresAt, settle });
        flushing ??= flushAll();
      });
    },
    async close() {
      closed = true;
      await flushing;
    },
  };
}

const tooMuch = () =>
  new StabledoorError('ledger_unavailable', 'The ledger has too much to write. Nothing was released.');
export const late = () =>
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
  if (outcome instanceof Error) fail(unavailable(outcome));
  else if ('fault' in outcome) fail(unavailable(outcome.fault));
  else if ('unwritten' in outcome) fail(new GuardRefused(outcome.unwritten));
  else if ('repeatedAt' in outcome) fail(new RequestRepeated(outcome.repeatedAt));
  else done(outcome);
}

export const unavailable = (cause: unknown) =>
  new StabledoorError('ledger_unavailable', undefined, {}, {}, cause);
