// Sends mail in the background: who sends one never waits for it and never fails with it.
// Outside production nothing leaves the machine: mails go to an outbox that a page shows.
import { createTransport } from 'nodemailer';
import type { Logger } from '../observe/logger.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** What the mail is about, for whoever looks it up in the outbox or the log; never an address, never a secret. */
  readonly reference: string;
  /** The same for the same mail: a mail program can tell that it has it. */
  readonly messageId?: string;
  readonly attachment?: { readonly name: string; readonly type: string; readonly content: string };
}

export interface Mailer {
  /** Returns at once. Beyond the limit of waiting mails it drops this one, and logs that. */
  send(mail: Mail): void;
  /** One try, waited for; rejects where the mail server does not take it. For a mail that is kept until it is sent. */
  deliver(mail: Mail): Promise<void>;
  /** The latest mails, newest first; null where mail really goes out. */
  readonly outbox: readonly Mail[] | null;
  /** Waits a moment for what is still on its way. */
  close(): Promise<void>;
}

const mostKept = 100;

/** Outside production. */
export function outboxMailer(): Mailer {
  const outbox: Mail[] = [];
  const send = (mail: Mail) => {
    outbox.unshift(mail);
    outbox.length = Math.min(outbox.length, mostKept);
  };
  return {
    outbox,
    send,
    deliver: async (mail) => send(mail),
    close: async () => {},
  };
}

export interface SmtpOptions {
  /** `smtp://…` or `smtps://…`, with its credentials. */
  readonly url: string;
  readonly from: string;
  readonly logger: Logger;
}

const mostWaiting = 500;
const waitBeforeTryMs = [0, 2000, 10_000];
const longestCloseMs = 5000;

export function smtpMailer({ url, from, logger }: SmtpOptions): Mailer {
  const transport = createTransport({
    ...{ url, from, disableFileAccess: true, disableUrlAccess: true },
    ...{ connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 },
  });
  const closing = new AbortController();
  const underway = new Set<Promise<void>>();

  async function sendNow({ to, subject, text, messageId, attachment }: Mail): Promise<void> {
    await transport.sendMail({
      ...{ to: { name: '', address: to }, subject, text },
      ...(messageId === undefined
        ? {}
        : { messageId: `<${messageId}@${from.split('@').at(-1)?.replace('>', '')}>` }),
      ...(attachment === undefined
        ? {}
        : {
            attachments: [
              { filename: attachment.name, contentType: attachment.type, content: attachment.content },
            ],
          }),
    });
  }

  async function deliver(mail: Mail): Promise<void> {
    const { to, reference } = mail;
    for (const waitMs of waitBeforeTryMs) {
      await pause(waitMs, closing.signal);
      try {
        await sendNow(mail);
        return;
      } catch (error) {
        logger.warn({ err: withoutAddress(error, to), reference }, 'a mail could not be sent');
        if (closing.signal.aborted) return;
      }
    }
    logger.error({ reference }, 'a mail was given up');
  }

  return {
    outbox: null,
    async deliver(mail) {
      try {
        await sendNow(mail);
      } catch (error) {
        throw new Error(withoutAddress(error, mail.to));
      }
    },
    send(mail) {
      if (underway.size >= mostWaiting) {
        logger.error({ reference: mail.reference }, 'too many mails wait, this one is dropped');
        return;
      }
      const delivery = deliver(mail).finally(() => underway.delete(delivery));
      underway.add(delivery);
    },
    async close() {
      closing.abort();
      await Promise.race([Promise.all(underway), pause(longestCloseMs)]);
      transport.close();
    },
  };
}

function withoutAddress(error: unknown, address: string): string {
  return String(error instanceof Error ? error.message : error).replaceAll(address, '[address]');
}

const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (ms === 0 || signal?.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
