// Which operator is looking at a page, if any. A form of a signed-in page is taken only with that session's own token.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { CookieJar } from '../../http/cookies.ts';
import type { RateLimiter } from '../../http/rate-limit.ts';
import { StabledoorError } from '../../lib/errors.ts';
import type { Logger } from '../../observe/logger.ts';
import { isFormTokenOf, type OperatorSession, readOperatorSession } from '../../operator/operator-session.ts';
import type { ProposalParts } from '../../operator/proposals.ts';
import type { RelyingParty } from '../../passkey/passkeys.ts';
import { html } from '../html.ts';
import { type Frame, formTokenField } from '../layout.ts';
import { operatorPages as words } from '../words/operator-en.ts';

export const sessionCookie = 'stabledoor_operator';

export interface OperatorPageParts {
  readonly operators: ProposalParts;
  readonly party: RelyingParty;
  readonly cookies: CookieJar;
  readonly limiter: RateLimiter;
  readonly logger: Logger;
  readonly helpPhone: string | null;
}

/** Reads the session, if there is one, for everything that comes after. */
export function recogniseOperator({ operators, cookies }: OperatorPageParts): RequestHandler {
  return async (req, res, next) => {
    const token = cookies.find(req, sessionCookie);
    res.locals.operator = token === null ? null : await readOperatorSession(operators.db, token);
    next();
  };
}

export const operatorOf = (res: Response): OperatorSession | null =>
  (res.locals.operator as OperatorSession | null | undefined) ?? null;

/** After `requireOperator`. */
export function sessionOf(res: Response): OperatorSession {
  const session = operatorOf(res);
  if (session === null) throw new StabledoorError('sign_in_required');
  return session;
}

export function requireOperator(_req: Request, res: Response, next: NextFunction): void {
  if (operatorOf(res) !== null) next();
  else res.set('Cache-Control', 'no-store').redirect(303, '/operator/sign-in');
}

/** After `requireOperator` and the form's body. Errors: `csrf_refused`. */
export function requireOperatorForm(req: Request, res: Response, next: NextFunction): void {
  const { form_token: given } = (req.body ?? {}) as { form_token?: unknown };
  next(isFormTokenOf(sessionOf(res), given) ? undefined : new StabledoorError('csrf_refused'));
}

/** The frame of these pages, with their own links in the place of a householder's. */
export function frameOf(res: Response, { helpPhone }: OperatorPageParts): Frame {
  const session = operatorOf(res);
  const links =
    session === null
      ? html`<nav aria-label="${words.name}"><a href="/operator/sign-in">${words.signIn}</a></nav>`
      : html`<nav aria-label="${words.name}"><a href="/operator">${words.listTitle}</a></nav>
<form method="post" action="/operator/sign-out">${formTokenField(session.formToken)}<button class="site-header__button">${words.signOut}</button></form>`;
  return { formToken: session?.formToken ?? null, helpPhone, links };
}
