// Writes down that consents have expired: those past their time, and one-offs whose reads are done. Reads of them are
// refused already, by the clock and by the guard; this only makes state and ledger say so.

import { newRequestId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { move } from './consent.ts';
import { insertSteps, updateState } from './consent-change-store.ts';
import { overEntry } from './consent-entry.ts';
import { type ConsentParts, record } from './consent-step.ts';
import { findDueConsents, readNowMs } from './consent-store.ts';

/** Call it every now and then; gives how many it expired, `most` meaning that there may be more. */
export async function expireConsents({ db, ledger }: ConsentParts, most = 100): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const due = await findDueConsents(tx, most);
    if (due.length === 0) return 0;
    const at = new Date(await readNowMs(tx));
    const expired = due.map((consent) => ({ consent, req: newRequestId() }));
    const ids = due.map((consent) => consent.consentId);
    await updateState(tx, ids, move('given', 'expire'), at);
    await insertSteps(
      tx,
      expired.map(({ consent: { consentId, version }, req }) => ({
        ...{ logId: ledger.logId, consentId, event: 'expire' as const, version, req, at },
      })),
    );
    const entries = expired.map(({ consent, req }) => overEntry(req, consent, 'expire'));
    await record(ledger, tx, entries);
    return due.length;
  });
}

const watchEveryMs = 30_000;

/** Expires what is due, every half minute; call what it gives to end that. */
export function watchExpiry(parts: ConsentParts & { readonly logger: Logger }): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() =>
      expireConsents(parts).catch((error: unknown) =>
        parts.logger.warn({ err: error }, 'consents past their time are not written down yet'),
      ),
    );
  }, watchEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
