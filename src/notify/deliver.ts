// Pushes notices to third parties (RFC 8935), beside everything else: who ends a consent never waits for it.
// A notice is tried until it is taken (202), at growing intervals, and then the third party's contact gets a mail.
import type { Database } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import { nowSeconds } from '../lib/clock.ts';
import type { ClientId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { CallFault, type CallThirdParty } from '../registry/third-party-call.ts';
import type { Mailer } from './mail.ts';
import { type DueNotice, keepFault, mostTries, settle, takeDue } from './outbox.ts';
import { type SignSecurityEvent, securityEvent } from './security-event.ts';
import { webhookHeaders } from './webhook-headers.ts';
import { undeliveredMail } from './words/en.ts';

export interface DeliveryParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly issuer: string;
  readonly mailer: Mailer;
  readonly sign: SignSecurityEvent;
  readonly call: CallThirdParty;
}

const lookEveryMs = 1000;
const mostAtOnce = 40;
const mostOfOne = 2;

/** One attempt. Never rejects for what the other side does. */
export async function deliver(parts: DeliveryParts, notice: DueNotice): Promise<void> {
  // Only a process that died during the last try leaves one to be taken once more.
  const fault = notice.tries > mostTries ? 'it was not taken' : await push(parts, notice);
  if (fault === null) return settle(parts.db, notice.noticeId, 'delivered', null);
  if (notice.tries < mostTries) return keepFault(parts.db, notice.noticeId, fault);
  parts.logger.warn(
    { third_party: notice.clientId, jti: notice.jti, fault },
    'a notice could not be delivered',
  );
  await settle(parts.db, notice.noticeId, notice.contact === null ? 'given-up' : 'mailed', fault);
  if (notice.contact !== null)
    parts.mailer.send({ to: notice.contact, reference: notice.jti, ...undeliveredMail(notice, fault) });
}

/** Null when it was taken, else why not, in words. */
async function push(parts: DeliveryParts, notice: DueNotice): Promise<string | null> {
  const body = await parts.sign(securityEvent(parts.issuer, notice));
  const message = { id: notice.jti, timestampS: nowSeconds(parts.clock), body };
  try {
    const { status } = await parts.call({
      method: 'POST',
      url: notice.endpoint,
      headers: {
        'content-type': 'application/secevent+jwt',
        accept: 'application/json',
        ...webhookHeaders(notice.webhookSecret, message),
      },
      body,
    });
    return status === 202 ? null : `the answer was ${status}, not 202`;
  } catch (error) {
    if (error instanceof CallFault) return error.message;
    throw error;
  }
}

/** Delivers from now on; call what it gives to end that, and it waits for what is under way. */
export function watchOutbox(parts: DeliveryParts): () => Promise<void> {
  const underway = new Map<Promise<void>, ClientId>();
  let looking: Promise<void> = Promise.resolve();
  let closed = false;

  async function look(): Promise<void> {
    const most = mostAtOnce - underway.size;
    if (closed || most <= 0) return;
    for (const notice of await takeDue(parts.db, { most, mostOfOne, busy: [...underway.values()] })) {
      const attempt = deliver(parts, notice)
        .catch((error: unknown) => parts.logger.warn({ err: error }, 'a notice is tried again later'))
        .finally(() => underway.delete(attempt));
      underway.set(attempt, notice.clientId);
    }
  }
  const timer = setInterval(() => {
    looking = looking.then(look).catch((error: unknown) => {
      parts.logger.warn({ err: error }, 'the outbox could not be read');
    });
  }, lookEveryMs);
  timer.unref();
  return async () => {
    closed = true;
    clearInterval(timer);
    await looking;
    await Promise.all(underway.keys());
  };
}
