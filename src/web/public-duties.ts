// /who-answers: roles and duties in plain words, and by what right each rule in force stands, read from the rules themselves.
import { Router } from 'express';
import { basisRows, type Standing, standingWords } from '../policy/basis-table.ts';
import type { PoliciesInForce } from '../policy/policies-in-force.ts';
import { html } from './html.ts';
import { type Page, sendPage } from './layout.ts';
import { duties } from './words/duties.ts';

export interface DutiesParts {
  readonly policies: Pick<PoliciesInForce, 'now'>;
  readonly helpPhone: string | null;
}

export function dutiesPage({ policies, helpPhone }: DutiesParts): Router {
  const router = Router();
  router.get('/who-answers', (_req, res) =>
    sendPage(res, page(basisRows(policies.now().rules)), { formToken: null, helpPhone }),
  );
  return router;
}

const page = (rows: ReturnType<typeof basisRows>): Page => ({
  title: duties.title,
  body: html`<h1 class="govuk-heading-l">${duties.title}</h1>
<p class="govuk-body-l">${duties.intro}</p>
${duties.parts.map(
  ({ heading, text }) => html`<h2 class="govuk-heading-m">${heading}</h2>
${text.map((sentence) => html`<p class="govuk-body">${sentence}</p>`)}`,
)}
<h2 class="govuk-heading-m">${duties.table}</h2>
<p class="govuk-body">${duties.about}</p>
${(Object.keys(standingWords) as Standing[]).map(
  (standing) => html`<h3 class="govuk-heading-s">${standingWords[standing]}</h3>
<table class="govuk-table"><thead class="govuk-table__head"><tr class="govuk-table__row">${duties.columns.map(
    (name) => html`<th scope="col" class="govuk-table__header">${name}</th>`,
  )}</tr></thead><tbody class="govuk-table__body">${rows
    .filter((row) => row.standing === standing)
    .map(
      ({
        id,
        basis,
      }) => html`<tr class="govuk-table__row"><td class="govuk-table__cell"><code>${id}</code></td>
<td class="govuk-table__cell">${basis}</td></tr>`,
    )}</tbody></table>`,
)}`,
});
