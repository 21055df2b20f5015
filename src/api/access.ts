// Who calls the data API: checks token and proof before anything else, and gives every refusal its challenge.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Database } from '../db/database.ts';
import { addressOf, refuseSpent } from '../http/limit-requests.ts';
import type { RateLimiter } from '../http/rate-limit.ts';
import { StabledoorError } from '../lib/errors.ts';
import { admitCaller } from '../oauth/admission-store.ts';
import { dpopChallenge } from '../oauth/errors.ts';
import { endpointsOf } from '../oauth/metadata.ts';
import type { Scope } from '../oauth/scopes.ts';
import type { AccessClaims, ConsentAccess, VerifyAccess } from '../oauth/verify-access.ts';
import type { Metrics } from '../observe/metrics.ts';

/** Puts the verified claims where `accessOf` finds them. Rejects with 401 and a WWW-Authenticate. */
export const requireAccess =
  (parts: VerificationParts): RequestHandler =>
  async (req, res, next) => {
    res.locals.caller = await verified(parts, req);
    next();
  };

export interface VerificationParts {
  readonly verifyAccess: VerifyAccess;
  readonly metrics: Metrics;
  readonly limiter: RateLimiter;
}

/** A call that does not get past here leaves no entry, or anyone could flood the ledger: it is counted instead. */
async function verified(parts: VerificationParts, req: Request): Promise<AccessClaims> {
  const { verifyAccess, metrics, limiter } = parts;
  const res = req.res as Response;
  refuseSpent(res, limiter.look('failures', addressOf(req)), 'only-if-spent');
  try {
    const claims = await verifyAccess(accessRequest(req));
    refuseSpent(res, await limiter.take('reads', claims.clientId));
    return claims;
  } catch (error) {
    if (error instanceof StabledoorError) metrics.unverified.inc({ code: error.code });
    if (error instanceof StabledoorError && error.status === 401)
      void limiter.take('failures', addressOf(req));
    throw error;
  }
}

export interface AdmissionParts extends VerificationParts {
  readonly db: Database;
  readonly ledger: { readonly logId: number };
}

/** For a call that reads no readings, and so leaves no entry whose guards would check it. Rejects with 401. */
export async function admittedCaller(parts: AdmissionParts, req: Request): Promise<AccessClaims> {
  const caller = await verified(parts, req);
  const { hasRoom, proofIsNew, tokenStands } = await admitCaller(parts.db, parts.ledger.logId, caller);
  if (!hasRoom) throw new StabledoorError('too_many_proofs');
  if (!proofIsNew) throw new StabledoorError('invalid_dpop_proof', 'This proof was used before.');
  if (!tokenStands) throw new StabledoorError('invalid_token');
  return caller;
}

const accessRequest = (req: Request) => ({
  method: req.method,
  path: req.originalUrl.split('?', 1)[0] as string,
  // Node would keep the first of several and say nothing: joined, they are no scheme of ours.
  authorization: req.headersDistinct.authorization?.join(', '),
  dpop: req.headersDistinct.dpop,
});

export function accessOf(res: Response): AccessClaims {
  const caller: unknown = res.locals.caller;
  if (!caller) throw new TypeError('the route has no access check before it');
  return caller as AccessClaims;
}

/** A token that a third party has in its own name reads nothing of a household. */
export function byConsent(caller: AccessClaims): ConsentAccess {
  if (caller.kind === 'consent') return caller;
  throw new StabledoorError('insufficient_scope', 'Use a token that a householder’s consent gave.');
}

/** A token that comes from a consent may do it as well, unless `only` is set; one in the caller's own name needs the scope. */
export function refuseWithout(caller: AccessClaims, scope: Scope, only?: 'in-own-name'): void {
  if (caller.kind === 'client' ? caller.scopes.includes(scope) : only === undefined) return;
  throw new StabledoorError('insufficient_scope', `Use a token with the scope ${scope}.`);
}

/** A refusal at the data API says what kind of token would do (RFC 6750 section 3, RFC 9449 section 7.1). */
export function challenges(issuer: string): ErrorRequestHandler {
  const { resourceMetadata } = endpointsOf(issuer);
  return (error: unknown, _req: Request, res, next) => {
    if (error instanceof StabledoorError && !('WWW-Authenticate' in error.headers)) {
      const named = challengeOf(error);
      if (named) res.set('WWW-Authenticate', dpopChallenge(resourceMetadata, named));
    }
    next(error);
  };
}

function challengeOf({ code, status }: StabledoorError) {
  if (code === 'invalid_token' || code === 'invalid_dpop_proof') return code;
  return status === 403 ? 'insufficient_scope' : null;
}
