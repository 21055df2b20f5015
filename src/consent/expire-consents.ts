// Writes down what time has decided: consents past their time, one-offs whose reads are done, tenancies that are over,
// requests nobody answered. Reads are refused already, by the clock and by the guard; this makes state and ledger say so.
import type { Logger } from '../observe/logger.ts';
import { answerWithinSeconds } from './consent.ts';
import { type ConsentParts, endSiblings, record } from './consent-step.ts';
import { findDueConsents, findUnanswered } from './due-store.ts';
import { readNowMs } from './hold-store.ts';
import { remindConsents } from './remind-consents.ts';

/** Gives how many are over now; `most` means that there may be more. */
export async function expireConsents({ db, ledger }: ConsentParts, most = 100): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const due = await findDueConsents(tx, most);
    if (due.length === 0) return 0;
    const nowMs = await readNowMs(tx);
    const of = (event: 'expire' | 'end') =>
      due.filter((each) => each.event === event).map(({ consent }) => consent);
    const expired = await endSiblings(tx, ledger, of('expire'), 'expire', nowMs);
    const ended = await endSiblings(tx, ledger, of('end'), 'end', nowMs);
    await record(ledger, tx, [...expired, ...ended]);
    return due.length;
  });
}

/** Gives how many requests lapsed; `most` means that there may be more. */
export async function lapseRequests({ db, ledger }: ConsentParts, most = 100): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const open = await findUnanswered(tx, { withinSeconds: answerWithinSeconds, limit: most });
    if (open.length === 0) return 0;
    await record(ledger, tx, await endSiblings(tx, ledger, open, 'lapse', await readNowMs(tx)));
    return open.length;
  });
}

const watchEveryMs = 30_000;

/** Does both and queues reminders, every half minute; call what it gives to end that. */
export function watchExpiry(parts: ConsentParts & { readonly logger: Logger }): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const look = async () => {
    for (const step of [expireConsents, lapseRequests, remindConsents]) {
      await step(parts).catch((error: unknown) =>
        parts.logger.warn({ err: error }, 'what time has decided is not written down yet'),
      );
    }
  };
  const timer = setInterval(() => {
    running = running.then(look);
  }, watchEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
