// Notices for a third party that asks for them (RFC 8936): what it has acknowledged does not come back, the rest does.
// A waiting request holds no connection to the database.
import type { Store } from '../db/database.ts';
import type { ClientId } from '../lib/ids.ts';
import { acknowledge, listWaiting } from './outbox.ts';
import { type SignSecurityEvent, securityEvent } from './security-event.ts';

export const mostPolled = 100;
export const mostAcknowledged = 1000;
const lookEveryMs = 1000;
/** Shorter than what proxies cut off. */
const longestWaitMs = 20_000;
const mostWaitingRequests = 200;

export interface PollParts {
  readonly db: Store;
  readonly issuer: string;
  readonly sign: SignSecurityEvent;
}

export interface PollRequest {
  readonly maxEvents: number;
  readonly returnImmediately: boolean;
  readonly ack: readonly string[];
  /** Those that it could not take: they do not come back either. */
  readonly refused: readonly string[];
}

export interface PollAnswer {
  /** By `jti`. */
  readonly sets: Readonly<Record<string, string>>;
  readonly moreAvailable: boolean;
}

let waitingRequests = 0;

/** `gone` ends the wait early: nobody listens any more. */
export async function pollNotices(
  { db, issuer, sign }: PollParts,
  clientId: ClientId,
  { maxEvents, returnImmediately, ack, refused }: PollRequest,
  gone: AbortSignal,
): Promise<PollAnswer> {
  await acknowledge(db, clientId, ack, 'delivered');
  await acknowledge(db, clientId, refused, 'refused');
  const waits = !returnImmediately && maxEvents > 0;
  const found = await (waits ? waitFor : listWaiting)(db, clientId, maxEvents + 1, gone);
  const notices = found.slice(0, maxEvents);
  const sets = await Promise.all(
    notices.map(async (notice) => [notice.jti, await sign(securityEvent(issuer, notice))] as const),
  );
  return { sets: Object.fromEntries(sets), moreAvailable: found.length > maxEvents };
}

async function waitFor(db: Store, clientId: ClientId, most: number, gone: AbortSignal) {
  const giveUpAt = performance.now() + longestWaitMs;
  const found = await listWaiting(db, clientId, most);
  if (found.length > 0 || waitingRequests >= mostWaitingRequests) return found;
  waitingRequests++;
  try {
    while (performance.now() < giveUpAt && !gone.aborted) {
      await new Promise((next) => setTimeout(next, lookEveryMs));
      const later = await listWaiting(db, clientId, most);
      if (later.length > 0) return later;
    }
    return [];
  } finally {
    waitingRequests--;
  }
}
