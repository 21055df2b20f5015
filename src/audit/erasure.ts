// Erases a household: consents ended and chain closed by one last entry, then its rows, then its key. What the ledger
// says stays true and provable (P6), but nobody can open it, follow it or join it any more. Cut short, it is resumed.

import { endHouseholdConsents } from '../consent/end-consents.ts';
import { lockHousehold } from '../consent/hold-store.ts';
import type { Database, Store } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type HouseholdId, newRequestId, type ProposalId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import {
  closeSubject,
  countEntries,
  deleteErasure,
  eraseRows,
  findErasure,
  householdExists,
  insertErasure,
  listDueErasures,
} from './erasure-store.ts';

export interface ErasureParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Time to think again; an operator may shorten it. */
export const erasureDelayMs = 7 * 86_400_000;

export interface ErasureRequest {
  readonly askedBy: 'householder' | 'operator';
  readonly now?: boolean;
  /** In production an operator asks by a proposal that another approved. */
  readonly proposalId?: ProposalId | null;
}

/** Asks for it; returns when it is due. Errors: `not_found`. */
export async function requestErasure(
  { db, clock }: { readonly db: Store; readonly clock: Clock },
  householdId: HouseholdId,
  { askedBy, now = false, proposalId = null }: ErasureRequest,
): Promise<Date> {
  if (!(await householdExists(db, householdId)))
    throw new StabledoorError('not_found', 'There is no such household.');
  const dueAt = new Date(clock.nowMs() + (now ? 0 : erasureDelayMs));
  return await insertErasure(db, { householdId, askedBy, dueAt, proposalId });
}

type Step = (parts: ErasureParts, householdId: HouseholdId) => Promise<void>;

/** Each can be repeated: whatever a crash leaves, running them all again ends erased, with one entry. */
export const erasureSteps: readonly (readonly [name: string, step: Step])[] = [
  ['close', closeChain],
  ['rows', ({ db, ledger }, householdId) => eraseRows(db, ledger.logId, householdId)],
  ['key', ({ ledger }, householdId) => ledger.eraseSubject(householdId)],
  ['request', ({ db }, householdId) => deleteErasure(db, householdId)],
];

export async function eraseHousehold(parts: ErasureParts, householdId: HouseholdId): Promise<void> {
  for (const [, step] of erasureSteps) await step(parts, householdId);
}

/** One transaction: no consent in force, no request open, and the last entry of the chain. */
async function closeChain({ db, ledger }: ErasureParts, householdId: HouseholdId): Promise<void> {
  const req = newRequestId();
  await db.transaction().execute(async (tx) => {
    const nowMs = await lockHousehold(tx, householdId);
    const erasure = await findErasure(tx, householdId);
    if (!(await closeSubject(tx, ledger.logId, householdId, req))) return;
    const ended = await endHouseholdConsents(tx, ledger.logId, householdId, nowMs);
    const body = {
      kind: 'subject.erased',
      actor: erasure?.askedBy ?? 'operator',
      entries: (await countEntries(tx, ledger.logId, householdId)) + ended.length + 1,
      ...(erasure?.proposalId ? { proposal: erasure.proposalId } : {}),
    } as const;
    await ledger.appendWithin(tx, [...ended, { req, householdId, body }]);
  });
}

/** One that cannot be done yet holds up no other. Never rejects. */
export async function eraseDue(parts: ErasureParts & { readonly logger: Logger }): Promise<void> {
  const wait = (error: unknown) => parts.logger.warn({ err: error }, 'an erasure waits');
  const due = await listDueErasures(parts.db, mostAtOnce).catch((error: unknown) => {
    wait(error);
    return [];
  });
  for (const householdId of due) await eraseHousehold(parts, householdId).catch(wait);
}

const mostAtOnce = 200;
const watchEveryMs = 60_000;

/** Erases whoever is due, and goes on with what was cut short; call what it gives to end that. */
export function watchErasures(parts: ErasureParts & { readonly logger: Logger }): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => eraseDue(parts));
  }, watchEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
