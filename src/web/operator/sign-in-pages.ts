// An operator signs in with a passkey: the page names nobody, and whoever has none is sent to the command line.
import type { Response, Router } from 'express';
import { z } from 'zod';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import {
  closeOperatorSession,
  offerOperatorSignIn,
  openOperatorSession,
  operatorSessionSeconds,
} from '../../operator/operator-session.ts';
import { challengeLifetimeSeconds } from '../../passkey/passkeys.ts';
import { errorSummary, type FieldError } from '../components/form.ts';
import { passkeyForm } from '../components/passkey-form.ts';
import { html } from '../html.ts';
import { sendPage } from '../layout.ts';
import { operatorPages as words } from '../words/operator-en.ts';
import {
  frameOf,
  type OperatorPageParts,
  operatorOf,
  requireOperator,
  requireOperatorForm,
  sessionCookie,
} from './visitor.ts';

const browserCookie = 'stabledoor_operator_browser';
const signInForm = z.object({ passkey: z.string().max(48 * 1024) });

export function signInPages(router: Router, parts: OperatorPageParts): void {
  const { cookies, limiter, operators, party } = parts;
  const signing = { db: operators.db, party };
  router.get('/operator/sign-in', limitRequests(limiter, 'sign-in', addressOf), async (_req, res) => {
    if (operatorOf(res) !== null) return res.redirect(303, '/operator');
    await showSignIn(res, parts, []);
  });
  router.post(
    '/operator/sign-in',
    limitRequests(limiter, 'sign-in-code', addressOf),
    formBody(),
    async (req, res) => {
      const { passkey: answer } = validate(signInForm, req.body);
      const browser = cookies.find(req, browserCookie);
      const token = browser === null ? null : await openOperatorSession(signing, { browser, answer });
      if (token === null)
        return showSignIn(res, parts, [{ field: 'operator-sign-in', text: words.signInRefused }]);
      cookies.clear(res, browserCookie);
      cookies.set(res, sessionCookie, token, operatorSessionSeconds);
      res.redirect(303, '/operator');
    },
  );
  router.post('/operator/sign-out', formBody(), requireOperator, requireOperatorForm, async (req, res) => {
    const token = cookies.find(req, sessionCookie);
    if (token !== null) await closeOperatorSession(operators.db, token);
    cookies.clear(res, sessionCookie);
    res.redirect(303, '/operator/sign-in');
  });
}

async function showSignIn(
  res: Response,
  parts: OperatorPageParts,
  errors: readonly FieldError[],
): Promise<void> {
  const { browser, options } = await offerOperatorSignIn({ db: parts.operators.db, party: parts.party });
  parts.cookies.set(res, browserCookie, browser, challengeLifetimeSeconds);
  const page = {
    title: words.signInTitle,
    script: true,
    hasError: errors.length > 0,
    status: errors.length > 0 ? 400 : 200,
    body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${words.signInTitle}</h1>
<p class="govuk-body">${words.signInWhat}</p>
${passkeyForm({
  ...{ id: 'operator-sign-in', action: '/operator/sign-in', use: 'get', options, fields: null },
  ...{ button: words.signInUse, without: words.without, failed: words.failed },
})}
<p class="govuk-body"><a class="govuk-link" href="/operator/join">${words.joinTitle}</a></p>`,
  };
  sendPage(res, page, frameOf(res, parts));
}
