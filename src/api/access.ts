// Who calls the data API: checks token and proof before anything else, and gives every refusal its challenge.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { StabledoorError } from '../lib/errors.ts';
import { dpopChallenge } from '../oauth/errors.ts';
import { endpointsOf } from '../oauth/metadata.ts';
import type { AccessClaims, VerifyAccess } from '../oauth/verify-access.ts';

/** Puts the verified claims where `callerOf` finds them. Rejects with 401 and a WWW-Authenticate. */
export const requireAccess =
  (verifyAccess: VerifyAccess): RequestHandler =>
  async (req, res, next) => {
    res.locals.caller = await verifyAccess({
      method: req.method,
      path: req.originalUrl.split('?', 1)[0] as string,
      authorization: req.headers.authorization,
      dpop: req.headersDistinct.dpop,
    });
    next();
  };

export function callerOf(res: Response): AccessClaims {
  const caller: unknown = res.locals.caller;
  if (!caller) throw new TypeError('the route has no access check before it');
  return caller as AccessClaims;
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
