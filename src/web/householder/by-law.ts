// What stands on the dashboard about reads without a consent, and the form by which a household refuses what it may refuse.
import type { AccessByLaw, OrderTold, ReadByLicence } from '../../audit/access-by-law.ts';
import { dateWords, purposeWords, resolutionWords } from '../../consent/words/en.ts';
import { type OptOutPurpose, optOutPurposes } from '../../ledger/licence.ts';
import { addDays, type LocalDate, localDateAt } from '../../lib/local-date.ts';
import type { Purpose } from '../../policy/request.ts';
import { type Html, html } from '../html.ts';
import { formTokenField } from '../layout.ts';
import { byLaw } from '../words/en.ts';

const zone = 'Europe/London';
const dayWords = (ms: number): string => dateWords(localDateAt(ms, zone));
const daysWords = (from: string, until: string): string =>
  `${dateWords(from as LocalDate)} – ${dateWords(addDays(until as LocalDate, -1))}`;

export function byLawSection(
  { supplies, reads, orders }: AccessByLaw,
  names: ReadonlyMap<string, string>,
  formToken: string,
): Html {
  const suppliers = [...new Set(supplies.map(({ supplier }) => supplier))];
  return html`<h2 class="govuk-heading-m" id="by-law">${byLaw.title}</h2>
<p class="govuk-body">${suppliers.length === 0 ? byLaw.none : byLaw.suppliers(suppliers.join(', '))}</p>
${
  suppliers.length > 0 &&
  optOutForm(
    supplies.flatMap(({ optedOut }) => optedOut),
    formToken,
  )
}
${
  reads.length > 0 &&
  list(
    byLaw.reads,
    reads.map((read) => readLine(read, names)),
  )
}
${orders.length > 0 && list(byLaw.orders, orders.map(orderLine))}`;
}

const list = (title: string, lines: readonly string[]): Html => html`<h3 class="govuk-heading-s">${title}</h3>
<ul class="govuk-list govuk-list--bullet">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;

const fine = (resolution: keyof typeof resolutionWords | 'PT1H'): string =>
  resolutionWords[resolution === 'PT1H' ? 'PT30M' : resolution].name.toLowerCase();

const readLine = (read: ReadByLicence, names: ReadonlyMap<string, string>): string =>
  byLaw.looked({
    on: dayWords(read.atMs),
    who: names.get(read.third_party) ?? read.third_party,
    days: daysWords(read.window.from, read.window.to),
    fine: fine(read.resolution),
    why: purposeWords[read.purpose as Purpose].why,
  });

const orderLine = (order: OrderTold): string =>
  byLaw.order({
    who: order.to,
    by: `${order.authority}, ${order.reference}`,
    days: daysWords(order.from, order.until),
    fine: fine(order.resolution),
    times: order.entries.length,
  });

const optOutForm = (optedOut: readonly OptOutPurpose[], formToken: string): Html =>
  html`<form method="post" action="/by-law">${formTokenField(formToken)}
<div class="govuk-form-group"><fieldset class="govuk-fieldset">
<legend class="govuk-fieldset__legend govuk-fieldset__legend--s">${byLaw.refuse}</legend>
<div class="govuk-checkboxes" data-module="govuk-checkboxes">
${optOutPurposes.map(
  (purpose) => html`<div class="govuk-checkboxes__item">
<input class="govuk-checkboxes__input" id="refuse-${purpose}" name="refuse" type="checkbox" value="${purpose}"${optedOut.includes(purpose) && html` checked`}>
<label class="govuk-label govuk-checkboxes__label" for="refuse-${purpose}">${byLaw.refusals[purpose]}</label>
</div>`,
)}
</div></fieldset></div>
<button class="govuk-button govuk-button--secondary">${byLaw.save}</button>
</form>`;
