// Rate limits on requests: counts, says what is left (`RateLimit`, IETF httpapi draft), refuses with 429.
// Addresses are counted as networks: an IPv6 caller has a /64 to itself and would otherwise have no limit at all.
import type { Request, RequestHandler, Response } from 'express';
import { StabledoorError } from '../lib/errors.ts';
import type { RateLimiter, RateVerdict } from './rate-limit.ts';
import type { RatePolicyName } from './rate-policies.ts';

/** Counts each request by what `callerOf` gives; null is not counted. Errors: `rate_limited`. */
export function limitRequests(
  limiter: RateLimiter,
  policy: RatePolicyName,
  callerOf: (req: Request, res: Response) => string | null,
): RequestHandler {
  return async (req, res, next) => {
    const caller = callerOf(req, res);
    if (caller !== null) refuseSpent(res, await limiter.take(policy, caller));
    next();
  };
}

/** Counts the requests that were answered with one of these; refuses while the allowance is spent. */
export function limitFailures(limiter: RateLimiter, policy: RatePolicyName): RequestHandler {
  return (req, res, next) => {
    const caller = addressOf(req);
    const verdict = limiter.look(policy, caller);
    res.once('finish', () => {
      if (failures.has(res.statusCode)) void limiter.take(policy, caller);
    });
    next(verdict.allowed ? undefined : refusal(res, verdict));
  };
}

/** Not 403 and 404: whoever gets those was let in. */
const failures = new Set([400, 401, 413, 414, 431]);

/** Says what is left, and throws `rate_limited` where nothing is. */
export function refuseSpent(res: Response, verdict: RateVerdict, say?: 'only-if-spent'): void {
  if (!verdict.allowed) throw refusal(res, verdict);
  if (say === undefined) sayRemaining(res, verdict);
}

function refusal(res: Response, verdict: RateVerdict): StabledoorError {
  sayRemaining(res, verdict);
  res.set('Retry-After', String(verdict.resetSeconds));
  return new StabledoorError('rate_limited', undefined, { retry_after_s: verdict.resetSeconds });
}

/** draft-ietf-httpapi-ratelimit-headers: a list item a policy, so several limits of one request add up to one list. */
export function sayRemaining(res: Response, verdict: RateVerdict): void {
  const { policy, quota, windowSeconds, remaining, resetSeconds } = verdict;
  res.append('RateLimit-Policy', `"${policy}";q=${quota};w=${windowSeconds}`);
  res.append('RateLimit', `"${policy}";r=${remaining};t=${resetSeconds}`);
}

/** The caller's network: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function addressOf(req: Pick<Request, 'ip'>): string {
  const address = (req.ip ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::', 2);
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array(Math.max(0, 8 - first.length - last.length)).fill('0');
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
