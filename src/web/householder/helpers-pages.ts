// Who helps a householder: asked by mail, shown, ended. The link in the mail shows one button; only pressing it accepts, so
// that a program which follows links in mails accepts nothing.
import type { Response, Router } from 'express';
import { z } from 'zod';
import { endHelper, findInvited, type Helper, listHelpers } from '../../household/helper-store.ts';
import { acceptHelp, inviteHelper } from '../../household/invite-helper.ts';
import { hashSecret } from '../../household/sign-in.ts';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { type HelperId, idPattern } from '../../lib/ids.ts';
import type { Mailer } from '../../notify/mail.ts';
import { errorSummary, type FieldError, textField } from '../components/form.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page, sendPage } from '../layout.ts';
import { helperMail, helpers, site } from '../words/en.ts';
import type { HomesPageParts } from './homes-pages.ts';
import { frameOf, requireFormToken, requireSession, visitorOf } from './visitor.ts';

export interface HelpersPageParts extends HomesPageParts {
  readonly mailer: Mailer;
  readonly issuer: string;
}

const inviteForm = z.object({ email: z.string().max(320) });
const endForm = z.object({ helper: z.string().regex(idPattern('helper')) });

export function helpersPages(router: Router, parts: HelpersPageParts): void {
  const { db, limiter } = parts;
  router.get('/helpers', requireSession, (_req, res) => show(res, parts, []));
  router.post('/helpers', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { email } = validate(inviteForm, req.body);
    const visitor = visitorOf(res);
    const invited = await inviteHelper(db, { householdId: visitor.householdId, email });
    if (invited === null) return show(res, parts, [{ field: 'email', text: helpers.badEmail }]);
    const link = `${parts.issuer}/help/${invited.token}`;
    parts.mailer.send({
      ...{ to: invited.email, subject: helperMail.subject, text: helperMail.text(visitor.email, link) },
      reference: `invitation ${hashSecret(invited.token).toString('hex').slice(0, 16)}`,
    });
    res.redirect(303, '/helpers');
  });
  router.post('/helpers/end', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { helper } = validate(endForm, req.body);
    await endHelper(db, helper as HelperId, { householdId: visitorOf(res).householdId });
    res.redirect(303, '/helpers');
  });
  const counted = limitRequests(limiter, 'sign-in-code', addressOf);
  router.get('/help/:token', counted, async (req, res) => {
    const token = tokenOf(req.params.token);
    const email = token === null ? null : await findInvited(db, hashSecret(token));
    sendPage(res, email === null ? notOpenPage : acceptPage(token ?? '', email), frameOf(res, parts));
  });
  router.post('/help/:token', counted, formBody(), async (req, res) => {
    const token = tokenOf(req.params.token);
    if (token === null || !(await acceptHelp(parts, token)))
      return sendPage(res, notOpenPage, frameOf(res, parts));
    res.redirect(303, '/helping');
  });
}

const tokenOf = (text: unknown): string | null =>
  typeof text === 'string' && /^[A-Za-z0-9_-]{43}$/.test(text) ? text : null;

async function show(res: Response, parts: HelpersPageParts, errors: readonly FieldError[]): Promise<void> {
  const { householdId, formToken } = visitorOf(res);
  const own = await listHelpers(parts.db, householdId);
  sendPage(res, helpersPage(own, formToken, errors), frameOf(res, parts));
}

const helpersPage = (own: readonly Helper[], formToken: string, errors: readonly FieldError[]): Page => ({
  title: helpers.title,
  hasError: errors.length > 0,
  status: errors.length > 0 ? 400 : 200,
  body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${helpers.title}</h1>
<p class="govuk-body">${helpers.what}</p>
${own.length === 0 && html`<p class="govuk-body">${helpers.none}</p>`}
${own.map((helper) => row(helper, formToken))}
<h2 class="govuk-heading-m">${helpers.invite}</h2>
<form id="invite" method="post" action="/helpers" novalidate>${formTokenField(formToken)}
${textField({ id: 'email', label: helpers.email, type: 'email', autocomplete: 'off', inputmode: 'email' }, errors)}
<button class="govuk-button">${helpers.ask}</button>
</form>
<p class="govuk-body"><a class="govuk-link" href="/helping">${helpers.helping}</a></p>
<p class="govuk-body"><a class="govuk-link" href="/consents">${site.consents}</a></p>`,
});

const row = ({ helperId, email, acceptedAt }: Helper, formToken: string): Html =>
  html`<div data-helper="${helperId}"><p class="govuk-body">${acceptedAt === null ? helpers.invited(email) : helpers.helps(email)}</p>
<form method="post" action="/helpers/end">${formTokenField(formToken)}<input type="hidden" name="helper" value="${helperId}">
<button class="govuk-button govuk-button--secondary">${helpers.end}<span class="govuk-visually-hidden"> ${helpers.endWhich(email)}</span></button></form></div>`;

const acceptPage = (token: string, email: string): Page => ({
  title: helpers.acceptTitle,
  body: html`<h1 class="govuk-heading-l">${helpers.acceptTitle}</h1>
<p class="govuk-body">${helpers.acceptWhat(email)}</p>
<form id="accept" method="post" action="/help/${token}"><button class="govuk-button">${helpers.accept}</button></form>`,
});

const notOpenPage: Page = {
  title: helpers.notOpenTitle,
  status: 404,
  body: html`<h1 class="govuk-heading-l">${helpers.notOpenTitle}</h1>
<p class="govuk-body">${helpers.notOpen}</p>`,
};
