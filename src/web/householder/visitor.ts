// Who is looking at a page: the session behind the cookie, or nobody. A page that needs somebody sends others to sign in.
// A form of a signed-in page is taken only with that session's own token.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Database } from '../../db/database.ts';
import { isFormToken, readSession, type Session } from '../../household/session.ts';
import type { CookieJar } from '../../http/cookies.ts';
import { StabledoorError } from '../../lib/errors.ts';
import type { Frame } from '../layout.ts';
import { ownPath } from '../own-path.ts';

export const sessionCookie = 'stabledoor_session';

export interface VisitorParts {
  readonly db: Database;
  readonly cookies: CookieJar;
  readonly helpPhone: string | null;
}

/** Reads the session, if there is one, for everything that comes after. */
export function recogniseVisitor({ db, cookies }: VisitorParts): RequestHandler {
  return async (req, res, next) => {
    const token = cookies.find(req, sessionCookie);
    res.locals.session = token === null ? null : await readSession(db, token);
    next();
  };
}

export const sessionOf = (res: Response): Session | null => (res.locals.session as Session | null) ?? null;

/** After `requireSession`. */
export function visitorOf(res: Response): Session {
  const session = sessionOf(res);
  if (session === null) throw new StabledoorError('sign_in_required');
  return session;
}

export const frameOf = (res: Response, { helpPhone }: VisitorParts): Frame => ({
  formToken: sessionOf(res)?.formToken ?? null,
  helpPhone,
});

/** Sends whoever is not signed in to do so, and back here afterwards; after a form, back to the page it stood on. */
export function requireSession(req: Request, res: Response, next: NextFunction): void {
  if (sessionOf(res) !== null) {
    next();
    return;
  }
  const here =
    req.method === 'GET' || req.path === '/authorize'
      ? ownPath(req.originalUrl.slice(req.baseUrl.length))
      : '/consents';
  res.set('Cache-Control', 'no-store');
  res.redirect(303, `/sign-in?return_to=${encodeURIComponent(here ?? '/consents')}`);
}

/** After `requireSession` and the form's body. Errors: `csrf_refused`. */
export function requireFormToken(req: Request, res: Response, next: NextFunction): void {
  const { form_token: given } = (req.body ?? {}) as { form_token?: unknown };
  const refused = isFormToken(visitorOf(res), given) ? undefined : new StabledoorError('csrf_refused');
  next(refused);
}
