// Sends the mail of the outbox, beside everything else: whoever makes a mail due never waits for it. A mail that was taken
// and not settled comes again with the same Message-ID, so a crash between the two can repeat one, and can lose none.
import type { Database } from '../db/database.ts';
import type { Logger } from '../observe/logger.ts';
import type { Mail, Mailer } from './mail.ts';
import { type DueMail, mostMailTries, settleMail, takeDueMail } from './mail-store.ts';

/** Null: it says nothing any more, and is dropped. */
export type ComposeMail = (due: DueMail) => Promise<Mail | null>;

export interface MailParts {
  readonly db: Database;
  readonly logger: Logger;
  readonly mailer: Mailer;
  readonly compose: ComposeMail;
}

const lookEveryMs = 1000;
const mostAtOnce = 10;

/** One attempt. Never rejects for what a mail server does. */
async function deliver({ db, logger, mailer, compose }: MailParts, due: DueMail): Promise<void> {
  const reference = `${due.kind} ${due.number} of ${due.consentId}`;
  try {
    const mail = await compose(due);
    if (mail === null) return await settleMail(db, due.mailId, 'dropped');
    await mailer.deliver({ ...mail, messageId: due.message });
    await settleMail(db, due.mailId, 'sent');
  } catch (error) {
    logger.warn({ err: error, reference }, 'a mail could not be sent');
    if (due.tries >= mostMailTries) await settleMail(db, due.mailId, 'given-up', 'it could not be sent');
  }
}

/** Gives how many were tried. */
export async function deliverMail(parts: MailParts, most = mostAtOnce): Promise<number> {
  const due = await takeDueMail(parts.db, most);
  await Promise.all(due.map((mail) => deliver(parts, mail)));
  return due.length;
}

/** Sends from now on; call what it gives to end that, and it waits for what is under way. */
export function watchMail(parts: MailParts): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  let closed = false;
  const timer = setInterval(() => {
    running = running
      .then(() => (closed ? 0 : deliverMail(parts)))
      .catch((error: unknown) => parts.logger.warn({ err: error }, 'the mail could not be read'));
  }, lookEveryMs);
  timer.unref();
  return async () => {
    closed = true;
    clearInterval(timer);
    await running;
  };
}
