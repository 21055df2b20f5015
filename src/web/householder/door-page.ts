// What stands on the page of a kept-shut door, and on the card of a request that was refused.
import { type Html, html } from '../html.ts';
import { formTokenField, type Page } from '../layout.ts';
import { door, stopped } from '../words/en.ts';

export const doorPage = (isShut: boolean, formToken: string): Page => ({
  title: door.title,
  body: html`<h1 class="govuk-heading-l">${door.title}</h1>
<p class="govuk-body" data-door="${isShut ? 'shut' : 'open'}">${isShut ? door.isShut : door.isOpen}</p>
<p class="govuk-body">${door.goesOn}</p>
<form method="post" action="/door">${formTokenField(formToken)}
<button name="door" value="${isShut ? 'open' : 'shut'}" id="continue" class="govuk-button">${isShut ? door.open : door.shut}</button>
</form>
<p class="govuk-body"><a class="govuk-link" href="/consents">${stopped.back}</a></p>`,
});

/** On the card of a refused request, while its group is to keep quiet. */
export const letAskForm = (consentId: string, party: string, until: string, formToken: string): Html =>
  html`<p class="govuk-body">${door.quiet(party, until)}</p>
<form method="post" action="/consents/${consentId}/let-ask">${formTokenField(formToken)}
<button class="govuk-button govuk-button--secondary govuk-!-margin-bottom-0">${door.letAsk}<span class="govuk-visually-hidden"> ${door.letAskWho(party)}</span></button>
</form>`;
