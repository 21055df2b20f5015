// Stops a consent, and is never refused (P2): where the ledger cannot write, the stop and its pending entry commit
// together and every read is refused from then on. Only a database that does not answer leaves it undone, and says so.
import type { BrokerTransaction } from '../db/database.ts';
import type { AppendRequest } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ConsentId, newRequestId, type OccupierId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { canMove, move } from './consent.ts';
import { insertSteps, updateState } from './consent-change-store.ts';
import { overEntry } from './consent-entry.ts';
import { type ConsentParts, holdConsent, mustBeTheirs, mustFind } from './consent-step.ts';
import type { Consent } from './consent-store.ts';
import { readNowMs, waitBriefly } from './hold-store.ts';

/** How long a stop waits for the ledger before it goes the other way. */
const longestWaitMs = 2000;

export interface Stopped {
  /** After the stop; in another final state where it was over before. */
  readonly consent: Consent;
  /** `pending`: in force, and the ledger entry is written as soon as the ledger can. */
  readonly recorded: 'entry' | 'pending' | 'before';
}

type Append = (tx: BrokerTransaction, entry: AppendRequest) => Promise<unknown>;

/**
 * Stopping what is over already changes nothing and is no error.
 * Errors: `consent_unknown`; `illegal_transition` for a request that was never answered; `not_stopped_yet`.
 */
export async function stopConsent(
  parts: ConsentParts & { readonly logger?: Logger },
  stop: { readonly consentId: ConsentId; readonly occupierId: OccupierId },
): Promise<Stopped> {
  const { ledger } = parts;
  try {
    await mustBeTheirs(parts.db, stop);
    return await stopWith(parts, stop.consentId, 'entry', (tx, entry) => ledger.appendWithin(tx, [entry]));
  } catch (error) {
    if (isAnswer(error)) throw error;
    parts.logger?.warn({ err: error, consent: stop.consentId }, 'a stop goes without its entry for now');
  }
  try {
    await mustBeTheirs(parts.db, stop);
    return await stopWith(parts, stop.consentId, 'pending', (tx, entry) => ledger.appendPending(tx, entry));
  } catch (error) {
    if (isAnswer(error)) throw error;
    throw new StabledoorError('not_stopped_yet', undefined, {}, {}, error);
  }
}

const isAnswer = (error: unknown): boolean =>
  error instanceof StabledoorError && ['consent_unknown', 'illegal_transition'].includes(error.code);

async function stopWith(
  { db, ledger }: ConsentParts,
  consentId: ConsentId,
  recorded: 'entry' | 'pending',
  append: Append,
): Promise<Stopped> {
  return db.transaction().execute(async (tx) => {
    await waitBriefly(tx, longestWaitMs);
    const consent = await holdConsent(tx, consentId);
    if (!canMove(consent.state, 'stop') && consent.version > 0) return { consent, recorded: 'before' };
    const at = new Date(await readNowMs(tx));
    const req = newRequestId();
    const { version } = consent;
    await updateState(tx, [consentId], move(consent.state, 'stop'), at);
    await insertSteps(tx, [{ logId: ledger.logId, consentId, event: 'stop', version, req, at }]);
    const after = await mustFind(tx, consentId);
    await append(tx, overEntry(req, consent, 'stop'));
    return { consent: after, recorded };
  });
}
