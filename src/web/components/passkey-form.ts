// A form that is answered with a passkey. assets/site.js asks the browser for it; without script the button stays hidden
// and the words beside it say what to do instead. The page must say `script: true`.
import { type Html, type HtmlValue, html } from '../html.ts';

export interface PasskeyForm {
  /** Of the form; its button is `<id>-use`. */
  readonly id: string;
  readonly action: string;
  readonly use: 'create' | 'get';
  /** What `passkey/passkeys.ts` offered. */
  readonly options: object;
  /** Further inputs, the form token among them. */
  readonly fields: HtmlValue;
  readonly button: string;
  /** Where there is no script, or no passkeys in this browser. */
  readonly without: string;
  /** When the browser gave no answer: the person gave up, or the device has no such passkey. */
  readonly failed: string;
}

/** The answer comes as the field `passkey`: JSON text. */
export const passkeyForm = (form: PasskeyForm): Html => html`<form id="${form.id}" method="post"
 action="${form.action}" data-passkey="${form.use}" data-options="${JSON.stringify(form.options)}">
<input type="hidden" name="passkey" value="">
${form.fields}
<p class="govuk-body" data-without>${form.without}</p>
<p class="govuk-error-message" role="alert" data-failed hidden>${form.failed}</p>
<button id="${form.id}-use" class="govuk-button" data-use hidden>${form.button}</button>
</form>`;
