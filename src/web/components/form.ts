// The parts of a form, with the markup that assistive technology relies on: labels, legends, hints and errors tied to inputs.
import { type Html, type HtmlValue, html } from '../html.ts';
import { site } from '../words/en.ts';

export interface FieldError {
  /** The id of the first input that it is about. */
  readonly field: string;
  readonly text: string;
}

/** At the top of the page, in the order of the fields, each a link to its field. */
export const errorSummary = (errors: readonly FieldError[]): HtmlValue =>
  errors.length > 0 &&
  html`<div class="govuk-error-summary"><div role="alert">
<h2 class="govuk-error-summary__title">${site.problem}</h2>
<div class="govuk-error-summary__body"><ul class="govuk-list govuk-error-summary__list">
${errors.map((error) => html`<li><a href="#${error.field}">${error.text}</a></li>`)}
</ul></div></div></div>`;

const errorOf = (errors: readonly FieldError[], field: string): FieldError | undefined =>
  errors.find((error) => error.field === field);

const errorMessage = (field: string, error: FieldError | undefined): HtmlValue =>
  error &&
  html`<p id="${field}-error" class="govuk-error-message"><span class="govuk-visually-hidden">${site.error}</span>${error.text}</p>`;

export interface TextField {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly value?: string;
  readonly type?: 'text' | 'email' | 'date';
  readonly autocomplete?: string;
  readonly inputmode?: 'numeric' | 'email';
  readonly width?: '10' | '20';
  readonly min?: string;
  readonly max?: string;
}

export function textField(field: TextField, errors: readonly FieldError[]): Html {
  const { id, hint } = field;
  const error = errorOf(errors, id);
  const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  const attribute = (name: string, value: string | undefined) =>
    value !== undefined && value !== '' && html` ${name}="${value}"`;
  return html`<div class="govuk-form-group${error && ' govuk-form-group--error'}">
<label class="govuk-label" for="${id}">${field.label}</label>
${hint && html`<div id="${id}-hint" class="govuk-hint">${hint}</div>`}
${errorMessage(id, error)}
<input class="govuk-input${field.width && ` govuk-input--width-${field.width}`}${error && ' govuk-input--error'}"
 id="${id}" name="${id}" type="${field.type ?? 'text'}" spellcheck="false"${attribute('value', field.value)}${attribute(
   'autocomplete',
   field.autocomplete,
 )}${attribute('inputmode', field.inputmode)}${attribute('min', field.min)}${attribute('max', field.max)}${attribute(
   'aria-describedby',
   about,
 )}>
</div>`;
}

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}

export interface OptionGroup {
  readonly name: string;
  readonly kind: 'radios' | 'checkboxes';
  readonly legend: string;
  readonly options: readonly Option[];
  readonly chosen: readonly string[];
  /** Below the options. */
  readonly note?: HtmlValue;
}

/** Nothing is chosen beforehand: `chosen` is only what the householder chose before an error. The first id is the name. */
export function optionGroup(group: OptionGroup, errors: readonly FieldError[]): Html {
  const { name, kind } = group;
  const error = errorOf(errors, name);
  return html`<div class="govuk-form-group${error && ' govuk-form-group--error'}">
<fieldset class="govuk-fieldset"${error && html` aria-describedby="${name}-error"`}>
<legend class="govuk-fieldset__legend govuk-fieldset__legend--m"><h2 class="govuk-fieldset__heading">${group.legend}</h2></legend>
${errorMessage(name, error)}
<div class="govuk-${kind}">
${group.options.map((option, place) => {
  const id = place === 0 ? name : `${name}-${place + 1}`;
  return html`<div class="govuk-${kind}__item">
<input class="govuk-${kind}__input" id="${id}" name="${name}" type="${kind === 'radios' ? 'radio' : 'checkbox'}" value="${option.value}"${group.chosen.includes(option.value) && html` checked`}${option.hint && html` aria-describedby="${id}-hint"`}>
<label class="govuk-label govuk-${kind}__label" for="${id}">${option.label}</label>
${option.hint && html`<div id="${id}-hint" class="govuk-hint govuk-${kind}__hint">${option.hint}</div>`}
</div>`;
})}
</div>
${group.note}
</fieldset></div>`;
}
