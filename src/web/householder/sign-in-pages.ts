// Sign-in in two pages: the e-mail address, then the code that was sent to it. Both answer alike whether it is known or not.
// The code works only in the browser that asked for it, which holds the challenge in a cookie.
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { parseEmailAddress } from '../../household/email-address.ts';
import { closeSession, openSession, sessionLifetimeSeconds } from '../../household/session.ts';
import { beginSignIn, codeLifetimeSeconds, hashSecret, type SendCode } from '../../household/sign-in.ts';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { formBody } from '../../http/limits.ts';
import type { RateLimiter } from '../../http/rate-limit.ts';
import { validate } from '../../http/validate.ts';
import type { Mailer } from '../../notify/mail.ts';
import type { RelyingParty } from '../../passkey/passkeys.ts';
import { errorSummary, type FieldError, textField } from '../components/form.ts';
import { html } from '../html.ts';
import { type Page, sendPage } from '../layout.ts';
import { ownPath } from '../own-path.ts';
import { passkeys, signIn, signInMail } from '../words/en.ts';
import {
  frameOf,
  requireFormToken,
  requireSession,
  sessionCookie,
  sessionOf,
  type VisitorParts,
} from './visitor.ts';

const challengeCookie = 'stabledoor_sign_in';

export interface SignInParts extends VisitorParts {
  readonly mailer: Mailer;
  readonly limiter: RateLimiter;
  /** Null where there are no passkeys. */
  readonly party: RelyingParty | null;
}

const emailForm = z.object({ email: z.string().max(320), return_to: z.string().max(4096).optional() });
const codeForm = z.object({ code: z.string().max(40) });

export function signInPages(router: Router, parts: SignInParts): void {
  const { db, cookies, limiter } = parts;
  router.get('/sign-in', (req, res) => {
    const returnTo = returnPath(req.query.return_to);
    if (sessionOf(res) !== null) return res.redirect(303, returnTo);
    sendPage(res, emailPage(parts, returnTo, '', []), frameOf(res, parts));
  });
  router.post('/sign-in', limitRequests(limiter, 'sign-in', addressOf), formBody(), async (req, res) => {
    const { email, return_to } = validate(emailForm, req.body);
    const returnTo = returnPath(return_to);
    if (parseEmailAddress(email) === null) {
      const errors = [{ field: 'email', text: signIn.badEmail }];
      return sendPage(res, emailPage(parts, returnTo, email, errors), frameOf(res, parts));
    }
    const challenge = await beginSignIn(db, sendCodeBy(parts.mailer), {
      email,
      returnTo,
      // Where the page itself shows the code there is nothing to guess.
      ...(parts.mailer.outbox === null ? {} : { mostAnHour: 1000 }),
    });
    cookies.set(res, challengeCookie, challenge, codeLifetimeSeconds);
    res.redirect(303, '/sign-in/code');
  });
  router.get('/sign-in/code', (req, res) => showCodePage(req, res, parts, []));
  router.post(
    '/sign-in/code',
    limitRequests(limiter, 'sign-in-code', addressOf),
    formBody(),
    async (req, res) => {
      const { code } = validate(codeForm, req.body);
      const challenge = cookies.find(req, challengeCookie);
      const opened = challenge === null ? null : await openSession(db, { challenge, code });
      if (opened === null) return showCodePage(req, res, parts, [{ field: 'code', text: signIn.badCode }]);
      cookies.clear(res, challengeCookie);
      cookies.set(res, sessionCookie, opened.token, sessionLifetimeSeconds);
      res.redirect(303, returnPath(opened.returnTo));
    },
  );
  router.post('/sign-out', formBody(), requireSession, requireFormToken, async (req, res) => {
    const token = cookies.find(req, sessionCookie);
    if (token !== null) await closeSession(db, token);
    cookies.clear(res, sessionCookie);
    res.redirect(303, '/');
  });
}

export const returnPath = (text: unknown): string => ownPath(text) ?? '/consents';

const sendCodeBy =
  (mailer: Mailer): SendCode =>
  ({ email, code, challenge }) => {
    const spaced = `${code.slice(0, 4)} ${code.slice(4)}`;
    mailer.send({
      to: email,
      subject: signInMail.subject,
      text: signInMail.text(spaced),
      reference: referenceOf(challenge),
    });
  };

/** The challenge itself is a secret of the browser's, and a reference stands in log lines. */
const referenceOf = (challenge: string): string => hashSecret(challenge).toString('hex').slice(0, 32);

function showCodePage(req: Request, res: Response, parts: SignInParts, errors: readonly FieldError[]): void {
  const challenge = parts.cookies.find(req, challengeCookie);
  if (challenge === null && errors.length === 0) res.redirect(303, '/sign-in');
  else sendPage(res, codePage(demoCode(parts.mailer, challenge), errors), frameOf(res, parts));
}

/** Only where mail stays on this machine. */
function demoCode({ outbox }: Mailer, challenge: string | null): string | null {
  const mail =
    challenge === null ? undefined : outbox?.find(({ reference }) => reference === referenceOf(challenge));
  return mail?.text.match(/^\d{4} \d{4}$/m)?.[0].replace(' ', '') ?? null;
}

const emailPage = (
  { party }: SignInParts,
  returnTo: string,
  email: string,
  errors: readonly FieldError[],
): Page => ({
  title: signIn.title,
  hasError: errors.length > 0,
  status: errors.length > 0 ? 400 : 200,
  body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${signIn.title}</h1>
<p class="govuk-body">${signIn.intro}</p>
<form method="post" action="/sign-in" novalidate>
<input type="hidden" name="return_to" value="${returnTo}">
${textField({ id: 'email', label: signIn.email, type: 'email', autocomplete: 'email', inputmode: 'email', value: email }, errors)}
<button id="continue" class="govuk-button">${signIn.continue}</button>
</form>
${party !== null && html`<p class="govuk-body"><a class="govuk-link" href="/sign-in/passkey?return_to=${encodeURIComponent(returnTo)}">${passkeys.signInInstead}</a></p>`}
<div class="govuk-inset-text">${signIn.noPassword}</div>`,
});

const codePage = (demo: string | null, errors: readonly FieldError[]): Page => ({
  title: signIn.codeTitle,
  hasError: errors.length > 0,
  status: errors.length > 0 ? 400 : 200,
  body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${signIn.codeTitle}</h1>
<p class="govuk-body">${signIn.sent}</p>
${
  demo !== null &&
  html`<div class="govuk-inset-text">${signIn.demo} <strong class="site-code" data-demo-code="${demo}">${demo}</strong>
<br><a class="govuk-link" href="/demo/mail">${signIn.demoMail}</a></div>`
}
<form method="post" action="/sign-in/code" novalidate>
${textField({ id: 'code', label: signIn.code, hint: signIn.codeHint, autocomplete: 'one-time-code', inputmode: 'numeric', width: '10', value: demo ?? '' }, errors)}
<button id="continue" class="govuk-button">${signIn.continue}</button>
</form>
<p class="govuk-body"><a class="govuk-link" href="/sign-in">${signIn.again}</a></p>`,
});
