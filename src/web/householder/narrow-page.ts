// The page on which a householder shares less of what is shared: what holds now is chosen, and every other choice is less.
import type { Consent } from '../../consent/consents.ts';
import { offeredResolutions } from '../../consent/terms.ts';
import { dateWords, registerWords, resolutionWords } from '../../consent/words/en.ts';
import type { HouseholdMeterPoint } from '../../household/meter-point.ts';
import { errorSummary, type FieldError, optionGroup, textField } from '../components/form.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page } from '../layout.ts';
import { consentPage, dashboard, narrow, stopped } from '../words/en.ts';
import type { ShownChoice } from './consent-page.ts';

export interface NarrowPageParts {
  readonly consent: Consent;
  readonly party: string;
  readonly meterPoints: readonly HouseholdMeterPoint[];
  readonly formToken: string;
  readonly choice: ShownChoice;
  readonly errors: readonly FieldError[];
}

/** What is shared now. */
export const presentChoice = ({ terms, meterPoints }: Consent): ShownChoice => ({
  resolution: terms.resolution,
  meterPoints: meterPoints.map((point) => point.meterPointId),
  registers: terms.registers,
  from: terms.from,
  until: terms.until,
});

export function narrowPage(parts: NarrowPageParts): Page {
  const { consent, party, formToken, choice, errors } = parts;
  const { terms } = consent;
  const title = narrow.title(party);
  return {
    title,
    hasError: errors.length > 0,
    status: errors.length > 0 ? 400 : 200,
    body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${title}</h1>
<p class="govuk-body">${narrow.what}</p>
<form id="narrow" method="post" action="/consents/${consent.consentId}/narrow" novalidate>
${formTokenField(formToken)}
${optionGroup(
  {
    ...{ name: 'resolution', kind: 'radios', legend: narrow.howMuch, chosen: [choice.resolution] },
    options: offeredResolutions(terms.resolution).map((resolution) => ({
      value: resolution,
      label: resolutionWords[resolution].name,
      hint: resolutionWords[resolution].shows,
    })),
  },
  errors,
)}
${metersAndRegisters(parts)}
<fieldset class="govuk-fieldset">
<legend class="govuk-fieldset__legend govuk-fieldset__legend--m"><h2 class="govuk-fieldset__heading">${narrow.days}</h2></legend>
<p class="govuk-hint">${dateWords(terms.from)} – ${dateWords(terms.until)}</p>
${(['from', 'until'] as const).map((id) =>
  textField(
    {
      ...{ id, label: consentPage[id], value: choice[id], type: 'date', width: '10' },
      ...{ min: terms.from, max: terms.until },
    },
    errors,
  ),
)}
</fieldset>
<p class="govuk-body">${narrow.keeps(party)}</p>
<button id="continue" class="govuk-button govuk-!-margin-top-3">${narrow.submit}</button>
</form>
<p class="govuk-body"><a class="govuk-link" href="/consents">${stopped.back}</a></p>`,
  };
}

/** With one meter or one register there is nothing to choose: the one that is left stays. */
function metersAndRegisters({ consent, meterPoints, choice, errors }: NarrowPageParts): Html {
  const shared = consent.meterPoints.flatMap(
    ({ meterPointId }) => meterPoints.find((point) => point.meterPointId === meterPointId) ?? [],
  );
  const { registers } = consent.terms;
  return html`${
    shared.length > 1 &&
    optionGroup(
      {
        ...{ name: 'meter_points', kind: 'checkboxes', legend: narrow.meters, chosen: choice.meterPoints },
        options: shared.map(({ meterPointId, fuel, address }) => ({
          value: meterPointId,
          label: dashboard.meter(fuel, address),
        })),
      },
      errors,
    )
  }
${
  registers.length > 1 &&
  optionGroup(
    {
      ...{ name: 'registers', kind: 'checkboxes', legend: narrow.registers, chosen: choice.registers },
      options: registers.map((register) => ({ value: register, label: registerWords[register] })),
    },
    errors,
  )
}`;
}

export const narrowedPage = (party: string): Page => ({
  title: narrow.doneTitle(party),
  body: html`<div class="govuk-panel govuk-panel--confirmation"><h1 class="govuk-panel__title">${narrow.doneTitle(party)}</h1></div>
<p class="govuk-body">${narrow.done}</p>
<p class="govuk-body">${narrow.keeps(party)}</p>
<p class="govuk-body"><a class="govuk-link" href="/consents">${stopped.back}</a></p>`,
});
