// Limits on what stands before a body: the address, its parameters, the headers. Refused before anything reads them.
import type { RequestHandler } from 'express';
import { StabledoorError } from '../lib/errors.ts';

const longestTarget = 8192;
const mostQueryParameters = 50;
const mostHeaders = 100;

/** Errors: `uri_too_long`, `headers_too_large`, `invalid_request`. Node itself refuses headers of more than 16 kB with 431. */
export const limitShape: RequestHandler = (req, _res, next) => {
  if (req.rawHeaders.length / 2 > mostHeaders) throw new StabledoorError('headers_too_large');
  if (req.url.length > longestTarget) throw new StabledoorError('uri_too_long');
  const query = req.url.indexOf('?');
  if (query >= 0 && req.url.slice(query).split('&').length > mostQueryParameters)
    throw new StabledoorError('invalid_request', `There are at most ${mostQueryParameters} parameters.`);
  next();
};
