// DPoP nonces (RFC 9449 section 8): a proof shows that it was made just now, not beforehand. A nonce is the HMAC of a step of
// time, so nothing is stored and every process that has the secret takes what any of them gave.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Clock, nowSeconds } from '../lib/clock.ts';

export interface DpopNonces {
  /** What to send along now. */
  current(): string;
  accepts(nonce: unknown): boolean;
}

/** A nonce is good for the step it was made in and the two after it: between two and three minutes. */
export const nonceStepSeconds = 60;
const stepsKept = 2;
/** Another process's clock may be a little ahead. */
const stepsAhead = 1;

export function dpopNonces(secret: Uint8Array, clock: Clock): DpopNonces {
  const nonceAt = (step: number): string =>
    createHmac('sha256', secret).update(`stabledoor/dpop-nonce/v1\n${step}`).digest('base64url');
  const stepNow = (): number => Math.floor(nowSeconds(clock) / nonceStepSeconds);
  return {
    current: () => nonceAt(stepNow()),
    accepts(nonce) {
      if (typeof nonce !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(nonce)) return false;
      const now = stepNow();
      for (let step = now + stepsAhead; step >= now - stepsKept; step--) {
        if (timingSafeEqual(Buffer.from(nonce), Buffer.from(nonceAt(step)))) return true;
      }
      return false;
    },
  };
}
