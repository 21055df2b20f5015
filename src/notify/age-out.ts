// Gives up notices that nobody has taken for a month, so that a third party which never asks leaves no heap behind. Its
// contact is told once a day how many there were: that is the last that is heard of them.
import type { Store } from '../db/database.ts';
import type { Logger } from '../observe/logger.ts';
import type { Mailer } from './mail.ts';
import { giveUpOld } from './outbox.ts';
import { agedOutMail } from './words/en.ts';

/** Longer than any push is tried. Counted from the beginning of a day, so that it comes to one mail a day. */
export const longestWaitDays = 30;
const lookEveryMs = 600_000;
const mostAtOnce = 1000;

export interface AgeOutParts {
  readonly db: Store;
  readonly mailer: Mailer;
  readonly logger: Logger;
}

/** Gives how many were given up. */
export async function giveUpOldNotices({ db, mailer, logger }: AgeOutParts): Promise<number> {
  const counts = new Map<string, { contact: string | null; count: number }>();
  let all = 0;
  for (let found = mostAtOnce; found === mostAtOnce; ) {
    const given = await giveUpOld(db, longestWaitDays, mostAtOnce);
    found = given.reduce((sum, { count }) => sum + count, 0);
    all += found;
    for (const { clientId, contact, count } of given)
      counts.set(clientId, { contact, count: count + (counts.get(clientId)?.count ?? 0) });
  }
  for (const [clientId, { contact, count }] of counts) {
    logger.warn({ third_party: clientId, count }, 'notices were never taken and are given up');
    if (contact !== null) mailer.send({ to: contact, reference: clientId, ...agedOutMail(count) });
  }
  return all;
}

/** From now on; call what it gives to end that. */
export function watchOldNotices(parts: AgeOutParts): () => Promise<void> {
  let looking: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking
      .then(() => giveUpOldNotices(parts))
      .catch((error: unknown) => parts.logger.warn({ err: error }, 'old notices could not be given up'));
  }, lookEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await looking;
  };
}
