// /errors and /errors/{code}: what each error code means and what to do. The `type` of every problem document leads
// here (RFC 9457 section 3.1.1), so a page must stay as long as its code, which is for ever.
import { Router } from 'express';
import { type ErrorCode, errorCatalogue } from '../../lib/error-catalogue.ts';
import { html } from '../html.ts';
import { type Page, sendPage } from '../layout.ts';

export interface ErrorCodeParts {
  readonly helpPhone: string | null;
}

const codes = Object.keys(errorCatalogue).sort() as ErrorCode[];

export function errorCodePages({ helpPhone }: ErrorCodeParts): Router {
  const frame = { formToken: null, helpPhone };
  const router = Router();
  router.get('/errors', (_req, res) => sendPage(res, listPage, frame));
  router.get('/errors/:code', (req, res, next) => {
    const code = codes.find((one) => one === req.params.code);
    if (code === undefined) return next();
    sendPage(res, codePage(code), frame);
  });
  return router;
}

const codePage = (code: ErrorCode): Page => {
  const { status, title, advice } = errorCatalogue[code];
  return {
    title: code,
    body: html`<h1 class="govuk-heading-l">${title}</h1>
<dl class="govuk-summary-list">
<div class="govuk-summary-list__row"><dt class="govuk-summary-list__key">Code</dt><dd class="govuk-summary-list__value"><code>${code}</code></dd></div>
<div class="govuk-summary-list__row"><dt class="govuk-summary-list__key">Status</dt><dd class="govuk-summary-list__value">${status}</dd></div>
<div class="govuk-summary-list__row"><dt class="govuk-summary-list__key">What to do</dt><dd class="govuk-summary-list__value">${advice}</dd></div>
</dl>
<p class="govuk-body">The <code>request_id</code> of your answer finds it in the operator’s log.</p>
<p class="govuk-body"><a class="govuk-link" href="/errors">All error codes</a></p>`,
  };
};

const listPage: Page = {
  title: 'Error codes',
  body: html`<h1 class="govuk-heading-l">Error codes</h1>
<p class="govuk-body">A code is never renamed and never used for something else.</p>
<table class="govuk-table"><thead class="govuk-table__head"><tr class="govuk-table__row">
<th scope="col" class="govuk-table__header">Code</th><th scope="col" class="govuk-table__header">Status</th><th scope="col" class="govuk-table__header">What it means</th>
</tr></thead><tbody class="govuk-table__body">${codes.map(
    (
      code,
    ) => html`<tr class="govuk-table__row"><td class="govuk-table__cell"><a class="govuk-link" href="/errors/${code}">${code}</a></td>
<td class="govuk-table__cell">${errorCatalogue[code].status}</td><td class="govuk-table__cell">${errorCatalogue[code].title}</td></tr>`,
  )}</tbody></table>`,
};
