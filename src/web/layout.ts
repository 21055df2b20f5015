// The frame of every page: head, skip link, name, navigation, footer with help in the same place. Works without script,
// but for a passkey.
import type { Response } from 'express';
import { linksUnderBase } from '../http/base-path.ts';
import { type Html, type HtmlValue, html } from './html.ts';
import { site } from './words/en.ts';

export interface Page {
  readonly title: string;
  readonly body: HtmlValue;
  /** Shown before the title in the tab, so that a screen reader says it first. */
  readonly hasError?: boolean;
  readonly status?: number;
  /** Has a form for a passkey: the one thing that needs script. */
  readonly script?: boolean;
}

export interface Frame {
  /** Null when nobody is signed in. */
  readonly formToken: string | null;
  readonly helpPhone: string | null;
  /** In the place of a householder's links. */
  readonly links?: Html;
}

/** Somewhere harmless, for whoever must be seen doing something else. */
const elsewhere = 'https://www.bbc.co.uk/weather';

export function layout(page: Page, frame: Frame): Html {
  return html`<!DOCTYPE html>
<html lang="en" class="govuk-template">
<head>
<meta charset="utf-8">
<title>${page.hasError === true && site.error}${page.title} – ${site.name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/assets/site.css">
${page.script === true && html`<script src="/assets/site.js" defer></script>`}
</head>
<body class="govuk-template__body">
<a href="#main-content" class="govuk-skip-link">${site.skip}</a>
<header class="site-header"><div class="govuk-width-container site-header__row">
<a class="site-header__name" href="/">${site.name}</a>
${frame.links ?? (frame.formToken === null ? signedOutLinks() : signedInLinks(frame.formToken))}
</div></header>
<div class="govuk-width-container">
<main class="govuk-main-wrapper" id="main-content"><div class="govuk-grid-row"><div class="govuk-grid-column-two-thirds">
${page.body}
</div></div></main>
</div>
<footer class="site-footer"><div class="govuk-width-container">
<p class="govuk-body-s">${site.help(frame.helpPhone)}</p>
<p class="govuk-body-s">${site.noCharge}</p>
<p class="govuk-body-s">${site.court}</p>
</div></footer>
</body>
</html>
`;
}

const signedOutLinks = (): Html =>
  html`<nav aria-label="${site.name}"><a href="/sign-in">${site.signIn}</a></nav>`;

const signedInLinks = (
  formToken: string,
): Html => html`<nav aria-label="${site.name}"><a href="/consents">${site.consents}</a></nav>
<form method="post" action="/sign-out">${formTokenField(formToken)}<button class="site-header__button">${site.signOut}</button></form>
<a href="${elsewhere}" rel="noreferrer nofollow">${site.leave}</a>`;

/** Every form of a signed-in page carries it. */
export const formTokenField = (formToken: string): Html =>
  html`<input type="hidden" name="form_token" value="${formToken}">`;

/** Pages are about one person: no cache keeps them. */
export function sendPage(res: Response, page: Page, frame: Frame): void {
  res
    .status(page.status ?? 200)
    .set('Cache-Control', 'no-store')
    .type('html')
    .send(linksUnderBase(res, layout(page, frame).text));
}
