// What a householder sees when something fails: in plain words, never the text of a fault, with an id to phone about.
import type { ErrorRequestHandler } from 'express';
import { logFault, safeError } from '../../http/problem.ts';
import { requestIdOf } from '../../http/request-id.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { OauthError } from '../../oauth/errors.ts';
import type { Logger } from '../../observe/logger.ts';
import { html } from '../html.ts';
import { type Page, sendPage } from '../layout.ts';
import { consentPage, failures, stopped } from '../words/en.ts';
import { frameOf, type VisitorParts } from './visitor.ts';

/** `always`: for our pages. Else only for whoever would rather read HTML than JSON. */
export function errorPages(
  parts: VisitorParts & { readonly logger: Logger },
  { always }: { readonly always: boolean },
): ErrorRequestHandler {
  return (error, req, res, next) => {
    if (res.headersSent || (!always && req.accepts(['application/json', 'html']) !== 'html'))
      return next(error);
    const safe = shown(error, res.locals.stopping === true);
    logFault(parts.logger, res, error, safe);
    if (safe.status === 503) res.set('Retry-After', '5');
    const page = error instanceof OauthError && safe.status < 500 ? notOpenPage : null;
    sendPage(res, page ?? errorPage(safe, requestIdOf(res), parts.helpPhone), frameOf(res, parts));
  };
}

/** Whatever keeps a stop from being taken, what must be said is that it is not stopped yet (P2). */
function shown(error: unknown, stopping: boolean): StabledoorError {
  if (error instanceof OauthError && error.status < 500) return new StabledoorError('invalid_request');
  const safe = safeError(error);
  return stopping && safe.status >= 500 ? new StabledoorError('not_stopped_yet') : safe;
}

/** A request that is unknown, too old or another's is shown here and never sent on: no open redirect. */
const notOpenPage: Page = {
  title: consentPage.notOpen,
  status: 400,
  body: html`<h1 class="govuk-heading-l">${consentPage.notOpen}</h1>
<p class="govuk-body">${consentPage.notOpenText}</p>`,
};

function errorPage(error: StabledoorError, requestId: string, phone: string | null): Page {
  const [title, text] = wordsFor(error);
  return {
    title,
    status: error.status,
    body: html`<h1 class="govuk-heading-l">${title}</h1>
<p class="govuk-body">${text}</p>
${error.code === 'not_stopped_yet' && phone !== null && html`<p class="govuk-body">${stopped.notYetPhone(phone)}</p>`}
${error.status >= 500 && html`<p class="govuk-body">${failures.reference(requestId)}</p>`}
<p class="govuk-body"><a class="govuk-link" href="/">${failures.home}</a></p>`,
  };
}

function wordsFor({ code, status }: StabledoorError): readonly [string, string] {
  if (code === 'not_stopped_yet') return [stopped.notYetTitle, stopped.notYet];
  if (code === 'illegal_transition') return [consentPage.answered, consentPage.answeredText];
  if (code === 'csrf_refused') return [failures.formTitle, failures.form];
  if (status === 404) return [failures.notFoundTitle, failures.notFound];
  if (status === 503) return [failures.unavailableTitle, failures.unavailable];
  return status < 500 ? [failures.formTitle, failures.form] : [failures.title, failures.unavailable];
}
