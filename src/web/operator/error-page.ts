// What an operator sees when something fails: the catalogue's own words, never the text of a fault, with an id for the log.
import type { ErrorRequestHandler } from 'express';
import { logFault, safeError } from '../../http/problem.ts';
import { requestIdOf } from '../../http/request-id.ts';
import { errorCatalogue } from '../../lib/error-catalogue.ts';
import { html } from '../html.ts';
import { sendPage } from '../layout.ts';
import { operatorPages as words } from '../words/operator-en.ts';
import { frameOf, type OperatorPageParts } from './visitor.ts';

export function errorPages(parts: OperatorPageParts): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    const safe = safeError(error);
    logFault(parts.logger, res, error, safe);
    const { title, advice } = errorCatalogue[safe.code];
    const page = {
      title: words.problem,
      status: safe.status,
      body: html`<h1 class="govuk-heading-l">${words.problem}</h1>
<p class="govuk-body">${title}. ${advice}</p>
<p class="govuk-body-s">${requestIdOf(res)}</p>
<p class="govuk-body"><a class="govuk-link" href="/operator">${words.back}</a></p>`,
    };
    sendPage(res, page, frameOf(res, parts));
  };
}
