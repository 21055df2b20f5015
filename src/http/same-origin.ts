// Refuses a form that another site's page sent, by what the browser says about where it came from.
// A browser that says nothing is left to the form's own token; what a browser does say is never overridden by one.
import type { RequestHandler } from 'express';
import { StabledoorError } from '../lib/errors.ts';

/** Errors: `csrf_refused`. */
export function sameOrigin(origin: string): RequestHandler {
  return (req, _res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD') return next();
    const site = req.headers['sec-fetch-site'];
    const from = req.headers.origin;
    // Our own pages send `Origin: null`, because their referrer policy is `no-referrer` (Fetch, section 3.2).
    const fromElsewhere = from !== undefined && from !== 'null' && from !== origin;
    const siteElsewhere = site !== undefined && site !== 'same-origin';
    next(fromElsewhere || siteElsewhere ? new StabledoorError('csrf_refused') : undefined);
  };
}
