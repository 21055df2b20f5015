// Gives every request an id that stands in the answer, in errors and in the log, so that one can be found from another.
// The id is ours alone: one sent by a caller is never taken, or two callers could share one.
import type { NextFunction, Request, Response } from 'express';
import { newRequestId, type RequestId } from '../lib/ids.ts';

export function giveRequestId(_req: Request, res: Response, next: NextFunction): void {
  const id = newRequestId();
  res.locals.requestId = id;
  res.set('Request-Id', id);
  next();
}

/** Errors: TypeError where `giveRequestId` has not run, which is a fault of ours. */
export function requestIdOf(res: Response): RequestId {
  const id: unknown = res.locals.requestId;
  if (typeof id !== 'string') throw new TypeError('the request has no id');
  return id as RequestId;
}
