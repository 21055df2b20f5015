// The consent page: exactly the lines of the wording that is kept, around the choices that may only narrow it.
// Nothing is chosen beforehand, and saying yes and saying no are the same size.
import type { Consent } from '../../consent/consents.ts';
import type { ChoiceProblem } from '../../consent/terms.ts';
import { type WordingPart, wordingLine, wordingLines } from '../../consent/wording.ts';
import { errorSummary, type FieldError, optionGroup, textField } from '../components/form.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page } from '../layout.ts';
import { choiceProblems, consentPage, dateProblem } from '../words/en.ts';

/** What the form brought, as text, to show again beside an error. */
export interface ShownChoice {
  readonly resolution: string;
  readonly meterPoints: readonly string[];
  readonly registers: readonly string[];
  readonly from: string;
  readonly until: string;
}

export const unansweredChoice = ({ asked }: Consent): ShownChoice => ({
  resolution: '',
  meterPoints: [],
  registers: [],
  from: asked.from,
  until: asked.until,
});

export interface ConsentPageParts {
  readonly consent: Consent;
  readonly formToken: string;
  /** Path and query that the form is sent to. */
  readonly action: string;
  readonly choice: ShownChoice;
  readonly errors: readonly FieldError[];
}

export function renderConsentPage(parts: ConsentPageParts): Page {
  const { consent, errors } = parts;
  const { wording } = consent;
  const title = wordingLine(wording, 'title');
  const paragraphs = (part: WordingPart): Html[] =>
    wordingLines(wording, part).map((line) => html`<p class="govuk-body">${line.text}</p>`);
  return {
    title,
    hasError: errors.length > 0,
    status: errors.length > 0 ? 400 : 200,
    body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${title}</h1>
${paragraphs('who')}
${paragraphs('why')}
${wordingLines(wording, 'quote').map((line) => html`<blockquote class="govuk-inset-text">${line.text}</blockquote>`)}
${wordingLines(wording, 'notice').map((line) => html`<div class="govuk-inset-text">${line.text}</div>`)}
<form id="consent" method="post" action="${parts.action}" novalidate>
${noAnswerByEnter}
${formTokenField(parts.formToken)}
${choices(parts)}
${paragraphs('who-else')}
${paragraphs('everyone')}
${paragraphs('stopping')}
${paragraphs('saying-no')}
${paragraphs('giver')}
<div class="site-decision">
<button id="share" name="decision" value="share" class="govuk-button govuk-button--secondary">${consentPage.share}</button>
<button id="refuse" name="decision" value="refuse" class="govuk-button govuk-button--secondary">${consentPage.refuse}</button>
</div>
</form>
<div class="govuk-inset-text">${wordingLine(wording, 'password')}</div>
<p class="govuk-body">${consentPage.forced}</p>`,
  };
}

// Enter in a field presses the first button of a form: one that can do nothing, so that nobody shares by a slip.
const noAnswerByEnter = html`<button disabled hidden></button>`;

function choices({ consent, choice, errors }: ConsentPageParts): Html {
  const { wording, asked } = consent;
  const options = (part: WordingPart, hint?: WordingPart) =>
    wordingLines(wording, part).map(({ of = '', text }) => ({
      value: of,
      label: text,
      ...(hint ? { hint: wordingLine(wording, hint, of) } : {}),
    }));
  const registers = options('register');
  return html`${optionGroup(
    {
      ...{ name: 'resolution', kind: 'radios', legend: wordingLine(wording, 'how-much') },
      ...{ options: options('resolution', 'resolution-shows'), chosen: [choice.resolution] },
    },
    errors,
  )}
${optionGroup(
  {
    ...{ name: 'meter_points', kind: 'checkboxes', legend: wordingLine(wording, 'which-meter') },
    ...{ options: options('meter'), chosen: choice.meterPoints },
    note: wordingLines(wording, 'meter-not-offered').map(
      (line) => html`<p class="govuk-hint">${line.text}</p>`,
    ),
  },
  errors,
)}
${
  registers.length > 0 &&
  optionGroup(
    {
      ...{ name: 'registers', kind: 'checkboxes', legend: wordingLine(wording, 'which-register') },
      ...{ options: registers, chosen: choice.registers },
    },
    errors,
  )
}
${wordingLines(wording, 'when').map((line) => html`<p class="govuk-body">${line.text}</p>`)}
<fieldset class="govuk-fieldset">
<legend class="govuk-fieldset__legend govuk-fieldset__legend--m"><h2 class="govuk-fieldset__heading">${consentPage.fewerDays}</h2></legend>
<p class="govuk-hint">${consentPage.fewerDaysHint}</p>
${dateField('from', consentPage.from, choice.from, asked, errors)}
${dateField('until', consentPage.until, choice.until, asked, errors)}
</fieldset>`;
}

const dateField = (
  id: 'from' | 'until',
  label: string,
  value: string,
  asked: Consent['asked'],
  errors: readonly FieldError[],
): Html =>
  textField({ id, label, value, type: 'date', width: '10', min: asked.from, max: asked.until }, errors);

const problemFields: Readonly<Record<ChoiceProblem, string>> = {
  resolution_missing: 'resolution',
  resolution_finer: 'resolution',
  meter_points_none: 'meter_points',
  meter_points_unknown: 'meter_points',
  registers_none: 'registers',
  registers_more: 'registers',
  from_earlier: 'from',
  until_later: 'until',
  window_empty: 'until',
  nothing_less: 'resolution',
};

const fieldOrder = ['resolution', 'meter_points', 'registers', 'from', 'until'];

export const choiceErrors = (problems: readonly ChoiceProblem[]): FieldError[] =>
  problems
    .map((problem) => ({ field: problemFields[problem], text: choiceProblems[problem] }))
    .sort((a, b) => fieldOrder.indexOf(a.field) - fieldOrder.indexOf(b.field));

export const dateError = (field: 'from' | 'until'): FieldError => ({ field, text: dateProblem });
