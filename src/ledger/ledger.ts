// The ledger as the other rooms see it: append (group commit), append within a state change, or keep pending.
// Whoever appends gets a receipt only when the entry is durable; on any error nothing may be released (P1).
import type { BrokerTransaction, Database } from '../db/database.ts';
import { canonicalJson, canonicalObject, type JsonValue } from '../lib/canonical-json.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type HouseholdId, newRequestId, type RequestId, type SubjectId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import {
  type BatchOutcome,
  type BatchParts,
  type Guard,
  type PreparedEntry,
  type Receipt,
  writeBatch,
} from './batch.ts';
import { formatCheckpoint } from './checkpoint.ts';
import type { Subject } from './commitment.ts';
import { type Commitments, type EntryDraft, sealBody } from './entry-body.ts';
import { GuardRefused, RequestRepeated } from './errors.ts';
import { sealEvidence } from './evidence.ts';
import type { LogSigner } from './ledger-keys.ts';
import { addPending, countPending, openLogRow } from './ledger-store.ts';
import { insertLogKey, isKeysMoved } from './log-key-store.ts';
import {
  type BatchWriter,
  defaultLimits,
  late,
  openSequencer,
  type SequencerLimits,
  unavailable,
} from './sequencer.ts';
import type { Subjects } from './subjects.ts';
import { openTurns } from './turns.ts';
import type { WriteGate } from './write-gate.ts';
import type { WriteWatch } from './write-watch.ts';

export type { Guard, Receipt } from './batch.ts';
export { GuardRefused, RequestRepeated } from './errors.ts';

export interface AppendRequest {
  readonly req: RequestId;
  /** Null for an entry of no household. */
  readonly householdId: SubjectId | null;
  readonly body: EntryDraft;
  /** Values that stand in the entry as salted commitments only: `commit[field]`. Needs a household. */
  readonly personal?: Readonly<Record<string, JsonValue>>;
  /** What is written instead when a guard fails. Null or absent: nothing is, and the append rejects with GuardRefused. */
  readonly refusal?: (reason: string) => EntryDraft | null;
  /** Fields of `personal` that the refusal commits to as well; none by default. */
  readonly refusalPersonal?: readonly string[];
  /** Fields of `personal` that are kept as well, sealed under the household's key, whichever body is written. */
  readonly evidence?: readonly string[];
  readonly guards?: readonly Guard[];
  /** Appended when this one became durable too late: its caller had been told that nothing was done. */
  readonly whenLate?: (receipt: Receipt) => AppendRequest;
}

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
      const prepared = await prepare(batchParts, request, expiresAt);
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

async function writeOpening(parts: LedgerParts, ledger: Ledger): Promise<void> {
  const size = await openLogRow(parts.db, parts.logId, parts.origin, parts.mode);
  if (size > 0) return;
  // There is nothing yet that could be read while this waits to be mended.
  const whyShut = parts.gate?.whyShut() ?? null;
  if (whyShut !== null) throw new Error(whyShut);
  const opening = {
    kind: 'log.opened',
    actor: 'broker',
    mode: parts.mode,
    origin: parts.origin,
    key: ledger.verifierKey,
  } as const;
  const guards = [{ name: 'log-empty', args: {} }];
  try {
    await parts.db.transaction().execute(async (tx) => {
      await insertLogKey(tx, parts.logId, ledger.verifierKey);
      await ledger.appendWithin(tx, [{ req: newRequestId(), householdId: null, body: opening, guards }]);
    });
  } catch (error) {
    // Another process opened it between our look and our entry.
    if (!(error instanceof GuardRefused)) throw error;
  }
}

function prepareAll(parts: BatchParts, requests: readonly AppendRequest[], deadlineMs: number) {
  const expiresAt = performance.now() + deadlineMs;
  return Promise.all(requests.map((request) => prepare(parts, request, expiresAt)));
}

/** Throws for the first that was not written: the state change must not happen then. */
const received = (outcomes: readonly BatchOutcome[]): Receipt[] =>
  outcomes.map((outcome) => {
    if ('fault' in outcome) throw outcome.fault;
    if ('unwritten' in outcome) throw new GuardRefused(outcome.unwritten);
    if ('repeatedAt' in outcome) throw new RequestRepeated(outcome.repeatedAt);
    return outcome;
  });

/** Everything that does not depend on the place in the log: keys, commitments, validation, canonical text. */
async function prepare(
  { subjects, origin }: BatchParts,
  request: AppendRequest,
  expiresAt: number,
): Promise<PreparedEntry> {
  const { req, householdId, personal = {}, refusal } = request;
  const subject = householdId === null ? null : await findInTime(subjects, householdId, expiresAt);
  if (householdId !== null && subject === null)
    throw new StabledoorError(
      'ledger_unavailable',
      'The household has no key any more. Nothing was released.',
    );
  const record = subject?.record(req);
  const commit: Record<string, string> = {};
  const evidence = new Map<string, string>();
  for (const [field, value] of Object.entries(personal)) {
    if (!record) throw new TypeError(`${field} is personal, and the entry is of no household`);
    const text = canonicalJson(value);
    commit[field] = record.commitText(field, text);
    if (request.evidence?.includes(field)) evidence.set(field, text);
  }
  return {
    req,
    householdId,
    subject,
    body: sealBody(request.body, req, Object.keys(commit).length > 0 ? commit : undefined),
    refusal(reason) {
      // Of an erased household nothing is written any more, not even that it was refused.
      const draft = reason === 'subject_erased' ? null : (refusal?.(reason) ?? null);
      return draft === null ? null : sealBody(draft, req, only(commit, request.refusalPersonal ?? []));
    },
    evidence:
      record && request.evidence ? sealEvidence(record, origin, req, canonicalObject(evidence)) : null,
    guards: request.guards ?? [],
  };
}

const only = (values: Commitments, fields: readonly string[]): Commitments =>
  Object.fromEntries(Object.entries(values).filter(([field]) => fields.includes(field)));

/** The key store is a database of its own: when it is down or slow, the entry cannot be made, and that is our 503. */
async function findInTime(subjects: Subjects, id: SubjectId, expiresAt: number): Promise<Subject | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(late()), Math.max(0, expiresAt - performance.now()));
  });
  try {
    return await Promise.race([subjects.find(id), tooLate]);
  } catch (error) {
    throw error instanceof StabledoorError ? error : unavailable(error);
  } finally {
    clearTimeout(timer);
  }
}

const drainEveryMs = 1000;

/**
 * Looks for pending entries at start and then every second: the first entry after a recovery is the stop that waited.
 * Returns what ends it, which lets the look under way finish.
 */
function drainPending(parts: LedgerParts, drain: () => Promise<unknown>): () => Promise<void> {
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
