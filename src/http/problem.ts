// Answers an error as RFC 9457 problem document: a StabledoorError as it says itself, anything else without its text.
// What a fault of ours says about itself goes to the log, never to the caller.
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { isUnreachable } from '../db/unreachable.ts';
import { type ErrorCode, errorCatalogue } from '../lib/error-catalogue.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { Logger } from '../observe/logger.ts';
import { requestIdOf } from './request-id.ts';

const retryAfterSeconds = 2;

/** The error that a caller may see for whatever was thrown. */
export function safeError(error: unknown): StabledoorError {
  if (error instanceof StabledoorError) return error;
  const { type, status, code } = (error ?? {}) as { type?: unknown; status?: unknown; code?: unknown };
  // What express's own body and path readers throw (http-errors).
  if (type === 'entity.too.large') return new StabledoorError('body_too_large');
  if (type === 'json.too.large')
    return new StabledoorError('invalid_request', 'The JSON is too deep or has too many values.');
  if (type === 'parameters.too.many') return new StabledoorError('invalid_request', 'Too many parameters.');
  if (status === 400 || status === 415)
    return new StabledoorError('invalid_request', 'The request could not be read.');
  // SQLSTATE of a NUL in a text or in JSON: only a caller's text can hold one, and no text of ours.
  if (code === '22021' || code === '22P05')
    return new StabledoorError('invalid_request', 'The request holds a character that no text can hold.');
  if (isUnreachable(error)) return new StabledoorError('database_unavailable');
  return new StabledoorError('internal_error');
}

export interface ProblemOptions {
  readonly issuer: string;
  readonly log: Logger;
}

/** The last error handler. */
export function problemResponses({ issuer, log }: ProblemOptions): ErrorRequestHandler {
  return (error, _req, res, next) => {
    const safe = safeError(error);
    logFault(log, res, error, safe);
    if (res.headersSent) return next(error);
    sendProblem(res, safe, issuer);
  };
}

export function logFault(log: Logger, res: Response, error: unknown, safe: StabledoorError): void {
  if (safe.status >= 500) log.error({ err: error, request_id: requestIdOf(res) }, safe.code);
}

export function sendProblem(res: Response, error: StabledoorError, issuer: string): void {
  const { code, status } = error;
  if ((status === 503 || status === 429) && !res.hasHeader('Retry-After'))
    res.set('Retry-After', String(error.extras.retry_after_s ?? retryAfterSeconds));
  res
    .status(status)
    .set(error.headers)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `${issuer}/errors/${code}`,
        title: errorCatalogue[code].title,
        status,
        detail: error.message,
        ...error.extras,
        code,
        request_id: requestIdOf(res),
      }),
    );
}

/** After every route: nothing is here. */
export const nothingHere: RequestHandler = (_req, _res, next) => next(new StabledoorError('not_found'));

/** For a path that exists, after its methods: the others are refused with what is allowed. */
export const onlyMethods =
  (...allowed: string[]): RequestHandler =>
  (_req, res, next) => {
    res.set('Allow', allowed.join(', '));
    next(new StabledoorError('method_not_allowed' satisfies ErrorCode));
  };
