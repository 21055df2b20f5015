// The ledger as the other rooms see it: append (group commit), append within a state change, or keep pending.
// Whoever appends gets a receipt only when the entry is durable; on any error nothing may be released (P1).
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { HouseholdId, SubjectId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import { type BatchOutcome, type BatchParts, type Receipt, writeBatch } from './batch.ts';
import { formatCheckpoint } from './checkpoint.ts';
import { drainPending } from './drain-pending.ts';
import { sealBody } from './entry-body.ts';
import { GuardRefused, RequestRepeated } from './errors.ts';
import type { LogSigner } from './ledger-keys.ts';
import { addPending } from './ledger-store.ts';
import { isKeysMoved } from './log-key-store.ts';
import { writeOpening } from './open-log.ts';
import { type AppendRequest, prepareEntry } from './prepare-entry.ts';
import { type BatchWriter, defaultLimits, openSequencer, type SequencerLimits } from './sequencer.ts';
import type { Subjects } from './subjects.ts';
import { openTurns } from './turns.ts';
import type { WriteGate } from './write-gate.ts';
import type { WriteWatch } from './write-watch.ts';

export type { Guard, Receipt } from './batch.ts';
export { GuardRefused, RequestRepeated } from './errors.ts';
export type { AppendRequest } from './prepare-entry.ts';

export type LogMode = 'production' | 'sandbox' | 'demo';

export interface Ledger {
  readonly logId: number;
  readonly origin: string;
  /** The log's verifier key (C2SP signed-note), for whoever checks it. */
  readonly verifierKey: string;
  /** Errors: ledger_unavailable (503), GuardRefused, RequestRepeated. */
  append(request: AppendRequest): Promise<Receipt>;
  /** The last call of a state change's own transaction: it holds the head until commit, so lock nothing after it. */
  appendWithin(tx: BrokerTransaction, requests: readonly AppendRequest[]): Promise<Receipt[]>;
  /** Keeps an entry that cannot be written now; it will be the first that is. For a stop, which is never refused (P2). */
  appendPending(tx: BrokerTransaction, request: AppendRequest): Promise<void>;
  /** Makes a household's key, before its first entry. */
  createSubject(householdId: SubjectId): Promise<void>;
  /** Deletes a household's key. Only after its chain is closed and its rows are gone. */
  eraseSubject(householdId: HouseholdId): Promise<void>;
  close(): Promise<void>;
}

export interface LedgerParts {
  readonly db: Database;
  readonly logId: number;
  readonly origin: string;
  readonly mode: LogMode;
  readonly signer: LogSigner;
  readonly subjects: Subjects;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly limits?: SequencerLimits;
  /** Asked before each append: whoever shuts it stops the log, and says why. */
  readonly gate?: WriteGate;
  /** Follows what is appended, and knows how long the log has been. */
  readonly watch?: Pick<WriteWatch, 'knownSize' | 'appended'>;
}

/** Opens the log, writing `log.opened` if it is new. Errors: the origin, mode or key is not that of the log. */
export async function openLedger(parts: LedgerParts): Promise<Ledger> {
  const { db, logId, origin, subjects, signer } = parts;
  if (signer.key.name !== origin)
    throw new Error(`the ledger's key is of ${signer.key.name}, not of ${origin}`);
  const batchParts: BatchParts = {
    logId,
    origin,
    subjects,
    signCheckpoint: (size, root) => signer.signNote(formatCheckpoint({ origin, size, root })),
    gate: parts.gate,
    knownSize: () => parts.watch?.knownSize() ?? 0,
  };
  const limits = parts.limits ?? defaultLimits;
  const writeOnce: BatchWriter = (entries, progress) =>
    db.transaction().execute((tx) => writeBatch(batchParts, tx, entries, progress));
  const write: BatchWriter = async (entries, progress) => {
    const outcomes = await writeOnce(entries, progress).catch(async (error: unknown) => {
      if (!isKeysMoved(error) || !signer.refresh) throw error;
      await signer.refresh();
      return await writeOnce(entries, progress);
    });
    parts.watch?.appended();
    return outcomes;
  };
  const sequencer = openSequencer(write, parts.logger, limits);
  const turns = openTurns();
  let stopDraining = async () => {};
  const takeBack = ({ whenLate }: AppendRequest, receipt: Receipt) => {
    if (whenLate === undefined || receipt.outcome !== 'allowed') return;
    ledger.append(whenLate(receipt)).catch((error: unknown) => {
      parts.logger.warn(
        { err: error, index: receipt.index },
        'an entry that came too late is not taken back',
      );
    });
  };
  const ledger: Ledger = {
    logId,
    origin,
    get verifierKey() {
      return signer.key.text;
    },
    append: timed(parts.metrics, async (request) => {
      const expiresAt = performance.now() + limits.deadlineMs;
      const prepared = await prepareEntry(batchParts, request, expiresAt);
      return sequencer.append(prepared, expiresAt, (receipt) => takeBack(request, receipt));
    }),
    async appendWithin(tx, requests) {
      const prepared = await prepareAll(batchParts, requests, limits.deadlineMs);
      const receipts = received(await turns.take(tx, () => writeBatch(batchParts, tx, prepared)));
      parts.watch?.appended();
      return receipts;
    },
    eraseSubject: (householdId) => subjects.erase(householdId),
    appendPending: (tx, request) => appendPending(tx, logId, request),
    createSubject: (householdId) => subjects.create(householdId),
    async close() {
      await stopDraining();
      await sequencer.close();
    },
  };
  await writeOpening(parts, ledger);
  // Not before: `log.opened` is entry 0, whatever waits.
  stopDraining = drainPending(parts, () => write([], { onSent() {}, onClosed() {} }));
  return ledger;
}

/** What `Ledger.appendPending` does, for whoever could not even open the ledger. */
export async function appendPending(
  tx: BrokerTransaction,
  logId: number,
  { req, householdId, body }: AppendRequest,
): Promise<void> {
  await addPending(tx, logId, { req, householdId, body: sealBody(body, req) });
}

type Append = Ledger['append'];

/** How long an entry takes, and how many were asked for and not written. A guard's no is an answer, not a failure. */
function timed(metrics: Metrics | undefined, append: Append): Append {
  if (metrics === undefined) return append;
  return async (request) => {
    const end = metrics.appendSeconds.startTimer();
    try {
      return await append(request);
    } catch (error) {
      if (!(error instanceof GuardRefused)) metrics.appendFailures.inc();
      throw error;
    } finally {
      end();
    }
  };
}

function prepareAll(parts: BatchParts, requests: readonly AppendRequest[], deadlineMs: number) {
  const expiresAt = performance.now() + deadlineMs;
  return Promise.all(requests.map((request) => prepareEntry(parts, request, expiresAt)));
}

/** Throws for the first that was not written: the state change must not happen then. */
const received = (outcomes: readonly BatchOutcome[]): Receipt[] =>
  outcomes.map((outcome) => {
    if ('fault' in outcome) throw outcome.fault;
    if ('unwritten' in outcome) throw new GuardRefused(outcome.unwritten);
    if ('repeatedAt' in outcome) throw new RequestRepeated(outcome.repeatedAt);
    return outcome;
  });
