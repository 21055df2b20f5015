// One batch: opened, assembled under the head lock, closed, all in the caller's transaction. Pending entries go first.
// Under the lock there is concatenation, hashing and one signature; everything else was prepared before.
import type { BrokerTransaction } from '../db/database.ts';
import { encodeBase64 } from '../lib/base64.ts';
import type { RequestId } from '../lib/ids.ts';
import { clockSlackMs } from './clock-check.ts';
import type { Subject } from './commitment.ts';
import { assembleEntry } from './entry.ts';
import { ClockFault, GateShut } from './errors.ts';
import { closeBatch, type OpenedBatch, openBatch } from './ledger-store.ts';
import { batchProof } from './merkle-batch.ts';
import { leafHashOf, sha256 } from './node-crypto.ts';
import type { Subjects } from './subjects.ts';
import type { WriteGate } from './write-gate.ts';

/** A check that runs in the database after the head lock: a registered SQL function and its arguments. */
export interface Guard {
  readonly name: string;
  readonly args: Readonly<Record<string, string | number>>;
}

/** An append with all its work done but the place in the log. */
export interface PreparedEntry {
  readonly req: RequestId;
  readonly householdId: string | null;
  readonly subject: Subject | null;
  readonly body: string;
  /** The body written instead when a guard fails; null: then nothing is written. */
  refusal(reason: string): string | null;
  /** Sealed; kept with the entry, whichever body is written. */
  readonly evidence: Buffer | null;
  readonly guards: readonly Guard[];
}

export interface Receipt {
  readonly origin: string;
  readonly index: number;
  /** base64 leaf hash. */
  readonly leaf: string;
  readonly timeMs: number;
  /** performance.now() just before the batch committed: how long ago its entries became true, at most. */
  readonly sealedAt: number;
  readonly outcome: 'allowed' | 'refused';
  readonly reason: string | null;
  /** The signed note of the tree that this batch made. */
  readonly checkpoint: string;
  /** Inclusion proof in that tree, base64, leaf sibling first (RFC 6962 section 2.1.1). */
  proof(): string[];
}

/** Written, or refused with nothing written, or already in the log at that index, or its refusal cannot be an entry. */
export type BatchOutcome =
  | Receipt
  | { readonly unwritten: string }
  | { readonly repeatedAt: number }
  | { readonly fault: Error };

/** What the batch under way has come to. */
export interface BatchProgress {
  /** All is sent that the database needs: what it does now needs no more of this process. */
  onSent(): void;
  /** The entries are written and not yet durable: the next batch may ask for the head of the log, and wait for it. */
  onClosed(): void;
}

export interface BatchParts {
  readonly logId: number;
  readonly origin: string;
  readonly subjects: Subjects;
  signCheckpoint(size: number, root: Uint8Array): string;
  readonly gate?: WriteGate | undefined;
  /** Entries that the log is known to have had. */
  knownSize?(): number;
}

interface Placed {
  readonly req: string;
  readonly householdId: string | null;
  readonly subject: Subject | null;
  readonly body: string;
  readonly evidence: Buffer | null;
  readonly pendingId: number | null;
  /** Position in the request, -1 for a pending entry. */
  readonly position: number;
  readonly reason: string | null;
}

export async function writeBatch(
  parts: BatchParts,
  tx: BrokerTransaction,
  prepared: readonly PreparedEntry[],
  progress?: BatchProgress,
): Promise<BatchOutcome[]> {
  const whyShut = parts.gate?.whyShut() ?? null;
  if (whyShut !== null) throw new GateShut(whyShut);
  const { outcomes, placed, batch } = await assembleBatch(parts, tx, prepared);
  if (batch === null) return outcomes;
  const closing = closeBatch(tx, parts.logId, batch.closed);
  progress?.onSent();
  await closing;
  const sealedAt = performance.now();
  placed.forEach(({ position, reason }, i) => {
    const outcome = reason === null ? 'allowed' : 'refused';
    if (position >= 0) outcomes[position] = { ...receipt(parts, batch, i), reason, outcome, sealedAt };
  });
  progress?.onClosed();
  return outcomes;
}

/** Takes the head, runs the guards and gives every entry its place. Null batch: there is nothing to write. */
export async function assembleBatch(
  parts: BatchParts,
  tx: BrokerTransaction,
  prepared: readonly PreparedEntry[],
) {
  const head = await openBatch(tx, parts.logId, {
    reqs: prepared.map((entry) => entry.req),
    households: prepared.map((entry) => entry.householdId),
    guards: guardsByName(prepared),
  });
  const known = parts.knownSize?.() ?? 0;
  if (head.size < known)
    throw new GateShut(`this log has been set back from ${known} entries to ${head.size}`);
  const outcomes: BatchOutcome[] = new Array(prepared.length);
  const placed = [...(await placeWaiting(parts, head)), ...placePrepared(prepared, head, outcomes)];
  return { outcomes, placed, batch: placed.length === 0 ? null : assemble(parts, head, placed) };
}

function guardsByName(prepared: readonly PreparedEntry[]) {
  const byName: Record<string, { position: number; args: Record<string, string | number> }[]> = {};
  prepared.forEach((entry, position) => {
    for (const guard of entry.guards) {
      byName[guard.name] ??= [];
      byName[guard.name]?.push({ position, args: guard.args });
    }
  });
  return byName;
}

/** How long the head may wait for a household's key. An entry whose key does not come in time goes on waiting. */
const keyWaitMs = 250;

/** A household without a key any more gets its entry without a tag; one whose key cannot be read now is passed over. */
async function placeWaiting(parts: BatchParts, head: OpenedBatch): Promise<Placed[]> {
  const households = [...new Set(head.waiting.flatMap((entry) => entry.household_id ?? []))];
  const subjects = new Map(
    await Promise.all(households.map(async (id) => [id, await keyInTime(parts.subjects.find(id))] as const)),
  );
  return head.waiting.flatMap((entry): Placed[] => {
    const { req, household_id: household, body, pending_id: pendingId } = entry;
    const subject = household === null ? null : subjects.get(household);
    if (subject === undefined) return [];
    const householdId = subject === null ? null : household;
    return [{ req, householdId, subject, body, evidence: null, pendingId, position: -1, reason: null }];
  });
}

/** Undefined where the key store does not answer: it must not hold up the log. */
function keyInTime(key: Promise<Subject | null>): Promise<Subject | null | undefined> {
  return new Promise((done) => {
    const timer = setTimeout(() => done(undefined), keyWaitMs);
    const settle = (subject: Subject | null | undefined) => {
      clearTimeout(timer);
      done(subject);
    };
    key.then(settle, () => settle(undefined));
  });
}

/** What gets a place in the log; those that do not are put into `outcomes` at once. */
function placePrepared(
  prepared: readonly PreparedEntry[],
  head: OpenedBatch,
  outcomes: BatchOutcome[],
): Placed[] {
  const failed = new Map(
    head.failed.map((failure) => [`${failure.position} ${failure.guard}`, failure.reason]),
  );
  const placed: Placed[] = [];
  prepared.forEach((entry, position) => {
    const repeatedAt = head.repeated[entry.req];
    if (repeatedAt !== undefined) {
      outcomes[position] = { repeatedAt };
      return;
    }
    // The order of the request's guards says which reason counts when several fail.
    const guard = ['subject-present', ...entry.guards.map(({ name }) => name)].find((name) =>
      failed.has(`${position} ${name}`),
    );
    const reason = guard ? (failed.get(`${position} ${guard}`) as string) : null;
    const body = bodyFor(entry, reason);
    if (typeof body !== 'string') {
      outcomes[position] = body;
      return;
    }
    const { req, householdId, subject, evidence } = entry;
    placed.push({ req, householdId, subject, body, evidence, pendingId: null, position, reason });
  });
  return placed;
}

function bodyFor(entry: PreparedEntry, reason: string | null): string | BatchOutcome {
  if (reason === null) return entry.body;
  try {
    return entry.refusal(reason) ?? { unwritten: reason };
  } catch (fault) {
    return { fault: fault as Error };
  }
}

function assemble(parts: BatchParts, head: OpenedBatch, placed: readonly Placed[]) {
  const timeMs = Math.max(head.now_ms, head.last_ms);
  if (timeMs - head.now_ms > clockSlackMs) throw new ClockFault(head.last_ms, head.now_ms);
  const next = new Map(Object.entries(head.chains));
  const entries: string[] = [];
  const stags: string[] = [];
  const sseqs: (number | null)[] = [];
  const leaves: Uint8Array[] = [];
  let prev = encodeBase64(head.tip);
  placed.forEach(({ householdId, subject, body }, i) => {
    const sseq = householdId === null ? null : (next.get(householdId) ?? 0);
    if (householdId !== null && sseq !== null) next.set(householdId, sseq + 1);
    const stag = subject === null || sseq === null ? null : subject.tag(sseq);
    const entry = assembleEntry({ index: head.size + i, prev, timeMs, stag }, body);
    const leaf = leafHashOf(entry);
    prev = leaf.toString('base64');
    entries.push(entry);
    leaves.push(leaf);
    stags.push(stag ?? '-');
    sseqs.push(sseq);
  });
  const tree = batchProof({ size: head.size, hashes: head.frontier }, leaves, sha256);
  const checkpoint = parts.signCheckpoint(tree.frontier.size, tree.root);
  const closed = {
    timeMs,
    entries,
    stags,
    sseqs,
    checkpoint,
    reqs: placed.map((entry) => entry.req),
    households: placed.map((entry) => entry.householdId),
    pendingIds: placed.flatMap((entry) => entry.pendingId ?? []),
    evidence: placed.flatMap(({ evidence }, i) =>
      evidence ? { index: head.size + i, sealed: evidence } : [],
    ),
  };
  return { first: head.size, closed, leaves, tree };
}

function receipt(parts: BatchParts, batch: ReturnType<typeof assemble>, i: number) {
  const index = batch.first + i;
  return {
    origin: parts.origin,
    index,
    leaf: encodeBase64(batch.leaves[i] as Uint8Array),
    timeMs: batch.closed.timeMs,
    checkpoint: batch.closed.checkpoint,
    proof: () => batch.tree.proof(index).map(encodeBase64),
  };
}
