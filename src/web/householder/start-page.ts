// The start page, and in demo mode the page that shows the mail which never left.
import type { Router } from 'express';
import { StabledoorError } from '../../lib/errors.ts';
import { html } from '../html.ts';
import { type Page, sendPage } from '../layout.ts';
import { mailPage, signIn, site, start } from '../words/en.ts';
import type { SignInParts } from './sign-in-pages.ts';
import { frameOf, sessionOf } from './visitor.ts';

export function startPages(router: Router, parts: SignInParts): void {
  router.get('/', (_req, res) => sendPage(res, startPage(sessionOf(res) !== null), frameOf(res, parts)));
  router.get('/demo/mail', (_req, res) => {
    if (parts.mailer.outbox === null) throw new StabledoorError('not_found');
    sendPage(res, outboxPage(parts.mailer.outbox), frameOf(res, parts));
  });
}

const startPage = (signedIn: boolean): Page => ({
  title: start.title,
  body: html`<h1 class="govuk-heading-xl">${start.title}</h1>
<p class="govuk-body-l">${start.what}</p>
<p class="govuk-body">${start.stop}</p>
<p class="govuk-body">${
    signedIn
      ? html`<a class="govuk-button" href="/consents" role="button" draggable="false">${site.consents}</a>`
      : html`<a class="govuk-button" href="/sign-in" role="button" draggable="false">${signIn.title}</a>`
  }</p>
<p class="govuk-body">${start.other}</p>`,
});

const outboxPage = (outbox: NonNullable<SignInParts['mailer']['outbox']>): Page => ({
  title: mailPage.title,
  body: html`<h1 class="govuk-heading-l">${mailPage.title}</h1>
<p class="govuk-body">${mailPage.intro}</p>
${outbox.length === 0 && html`<p class="govuk-body">${mailPage.none}</p>`}
${outbox.map(
  (mail) => html`<article class="govuk-!-margin-bottom-6">
<h2 class="govuk-heading-m">${mail.subject}</h2>
<p class="govuk-body-s">${mail.to}</p>
<p class="govuk-body site-mail">${mail.text}</p>
</article>`,
)}`,
});
