// Stops a consent, and is never refused (P2): where the ledger cannot write, the stop and its pending entry commit
// together and every read is refused from then on. Only a database that does not answer leaves it undone, and says so.
import type { BrokerTransaction, Database } from '../db/database.ts';
import { isHelper } from '../household/helper-store.ts';
import { type AppendRequest, appendPending, type Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ConsentId, newRequestId, type OccupierId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { canMove, move } from './consent.ts';
import { changeState } from './consent-change-store.ts';
import { type StoppedThrough, stoppedEntry } from './consent-entry.ts';
import { type ConsentParts, holdConsent, mustBeTheirs } from './consent-step.ts';
import { type Consent, findConsent } from './consent-store.ts';
import { readNowMs, waitBriefly } from './hold-store.ts';

/** How long a stop waits for the ledger before it goes the other way. */
const longestWaitMs = 2000;

export interface Stopped {
  /** After the stop; in another final state where it was over before. */
  readonly consent: Consent;
  /** `pending`: in force, and the ledger entry is written as soon as the ledger can. */
  readonly recorded: 'entry' | 'pending' | 'before';
}

/** Whose word it is: the giver's own, a helper's of theirs, or through somebody who was asked and has checked. */
export type Stop = { readonly consentId: ConsentId } & (
  | { readonly occupierId: OccupierId }
  | { readonly helperId: OccupierId }
  | { readonly through: Exclude<StoppedThrough, 'helper'> }
);

type Append = (tx: BrokerTransaction, entry: AppendRequest) => Promise<unknown>;

/**
 * Stopping what is over already changes nothing and is no error.
 * Errors: `consent_unknown`; `illegal_transition` for a request that was never answered; `not_stopped_yet`.
 */
export async function stopConsent(
  parts: ConsentParts & { readonly logger?: Logger },
  stop: Stop,
): Promise<Stopped> {
  const { ledger } = parts;
  try {
    await mayStop(parts.db, stop);
    return await stopWith(parts, stop, 'entry', (tx, entry) => ledger.appendWithin(tx, [entry]));
  } catch (error) {
    if (isAnswer(error)) throw error;
    parts.logger?.warn({ err: error, consent: stop.consentId }, 'a stop goes without its entry for now');
  }
  try {
    await mayStop(parts.db, stop);
    return await stopWith(parts, stop, 'pending', (tx, entry) => ledger.appendPending(tx, entry));
  } catch (error) {
    if (isAnswer(error)) throw error;
    throw new StabledoorError('not_stopped_yet', undefined, {}, {}, error);
  }
}

/** The same where not even the ledger could be opened: the entry waits for a broker that can write it. Errors: as above. */
export async function stopWithoutLedger(
  { db, logId }: { readonly db: Database; readonly logId: number },
  stop: Stop,
): Promise<Stopped> {
  await mayStop(db, stop);
  return stopWith({ db, ledger: { logId } }, stop, 'pending', (tx, entry) => appendPending(tx, logId, entry));
}

/** Whether nothing else would have stopped it either. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof StabledoorError && ['consent_unknown', 'illegal_transition'].includes(error.code);

/** What is not theirs to stop does not exist for them. Errors: `consent_unknown`. */
async function mayStop(db: Database, stop: Stop): Promise<void> {
  if ('occupierId' in stop) {
    await mustBeTheirs(db, stop);
    return;
  }
  const consent = await findConsent(db, stop.consentId);
  const may =
    consent !== null && ('through' in stop || (await isHelper(db, stop.helperId, consent.householdId)));
  if (!may) throw new StabledoorError('consent_unknown');
}

const throughOf = (stop: Stop): StoppedThrough | null =>
  'through' in stop ? stop.through : 'helperId' in stop ? 'helper' : null;

async function stopWith(
  { db, ledger }: { readonly db: Database; readonly ledger: Pick<Ledger, 'logId'> },
  stop: Stop,
  recorded: 'entry' | 'pending',
  append: Append,
): Promise<Stopped> {
  const { consentId } = stop;
  return db.transaction().execute(async (tx) => {
    await waitBriefly(tx, longestWaitMs);
    const consent = await holdConsent(tx, consentId);
    if (!canMove(consent.state, 'stop') && consent.version > 0) return { consent, recorded: 'before' };
    const at = new Date(await readNowMs(tx));
    const req = newRequestId();
    const { version } = consent;
    const state = move(consent.state, 'stop');
    await changeState(tx, { logId: ledger.logId, event: 'stop', state, at }, [{ consentId, version, req }]);
    await append(tx, stoppedEntry(req, consent, throughOf(stop)));
    return { consent: { ...consent, state, changedAt: at }, recorded };
  });
}
