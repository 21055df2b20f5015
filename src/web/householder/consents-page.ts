// The cards of the dashboard and the page after a stop. States stand in words, never in colour alone.
import type { AccessByLaw } from '../../audit/access-by-law.ts';
import type { ConsentState } from '../../consent/consent.ts';
import type { Consent } from '../../consent/consents.ts';
import { dateWords, resolutionWords, whyWords } from '../../consent/words/en.ts';
import type { HouseholdMeterPoint } from '../../household/meter-point.ts';
import type { ClientId } from '../../lib/ids.ts';
import { addDays, localDateAt } from '../../lib/local-date.ts';
import type { ToldNotice } from '../../notify/told-store.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page } from '../layout.ts';
import {
  complaints,
  dashboard,
  door,
  erase,
  helpers,
  homes,
  letterPage,
  narrow,
  passkeys,
  receipt,
  record,
  stateWords,
  stopped,
  told,
} from '../words/en.ts';
import { byLawSection } from './by-law.ts';
import { letAskForm } from './door-page.ts';

type PartyNames = ReadonlyMap<ClientId, string>;

export interface DashboardParts {
  /** With the state that holds at this moment. */
  readonly consents: readonly Consent[];
  readonly names: PartyNames;
  readonly meterPoints: readonly HouseholdMeterPoint[];
  readonly formToken: string;
  readonly byLaw: AccessByLaw;
  /** What became of the message that a consent is over; none where nobody is to be told. */
  readonly told: ReadonlyMap<string, ToldNotice>;
  readonly hasPasskeys: boolean;
  readonly nowMs: number;
}

const groups: readonly { title: string; states: readonly ConsentState[] }[] = [
  { title: dashboard.sharing, states: ['given'] },
  { title: dashboard.over, states: ['stopped', 'expired', 'ended', 'returned', 'superseded'] },
  { title: dashboard.refused, states: ['refused', 'lapsed'] },
];

export function dashboardPage(parts: DashboardParts): Page {
  const shown = groups
    .map(({ title, states }) => ({
      title,
      consents: parts.consents.filter(({ state }) => states.includes(state)),
    }))
    .filter(({ consents }) => consents.length > 0);
  const nothing = !shown.some(({ title }) => title === dashboard.sharing);
  return {
    title: dashboard.title,
    body: html`<h1 class="govuk-heading-l">${dashboard.title}</h1>
${nothing && html`<p class="govuk-body">${dashboard.nothing}</p>`}
${shown.map(
  ({ title, consents }) => html`<h2 class="govuk-heading-m">${title}</h2>
${consents.map((consent) => card(consent, parts))}`,
)}
${byLawSection(parts.byLaw, parts.names, parts.formToken)}
<p class="govuk-body">${dashboard.others}</p>
<p class="govuk-body"><a class="govuk-link" href="/homes">${homes.title}</a></p>
<p class="govuk-body"><a class="govuk-link" href="/helpers">${helpers.title}</a></p>
${parts.hasPasskeys && html`<p class="govuk-body"><a class="govuk-link" href="/passkeys">${passkeys.yours}</a></p>`}
<p class="govuk-body"><a class="govuk-link" href="/door">${door.link}</a></p>
<p class="govuk-body"><a class="govuk-link" href="/history/record.json">${record.link}</a>. ${record.limits}</p>
<p class="govuk-body"><a class="govuk-link" href="/complaints">${complaints.link}</a></p>
<p class="govuk-body"><a class="govuk-link" href="/erase">${erase.link}</a></p>`,
  };
}

function card(consent: Consent, parts: DashboardParts): Html {
  const { consentId, state, terms } = consent;
  const party = nameOf(consent, parts.names);
  const [changed, ends] = [consent.changedAt, consent.expiresAt].map(
    (at) => at && dayWords(at, zoneOf(consent, parts.meterPoints)),
  );
  const rows: readonly (readonly [string, string])[] = [
    [dashboard.why, whyWords(terms.purpose)],
    [dashboard.howMuch, resolutionWords[terms.resolution].name],
    [dashboard.meters, meterWords(consent, parts.meterPoints)],
    [dashboard.days, `${dateWords(terms.from)} – ${dateWords(addDays(terms.until, -1))}`],
    [state === 'given' ? dashboard.since : dashboard.ended, changed ?? ''],
    ...(state === 'given' ? [[dashboard.ends, ends ?? ''] as const] : []),
    ...toldRow(parts.told.get(consentId), zoneOf(consent, parts.meterPoints)),
  ];
  return html`<div class="govuk-summary-card" data-consent="${consentId}">
<div class="govuk-summary-card__title-wrapper">
<h3 class="govuk-summary-card__title">${party}</h3>
<strong class="govuk-tag${state !== 'given' && ' govuk-tag--grey'}">${stateWords[state]}</strong>
</div>
<div class="govuk-summary-card__content">
<dl class="govuk-summary-list">
${rows
  .filter(([, value]) => value !== '')
  .map(
    ([
      key,
      value,
    ]) => html`<div class="govuk-summary-list__row"><dt class="govuk-summary-list__key">${key}</dt>
<dd class="govuk-summary-list__value">${value}</dd></div>`,
  )}
</dl>
<p class="govuk-body"><a class="govuk-link" href="/consents/${consentId}/letter">${letterPage.link}<span class="govuk-visually-hidden"> ${letterPage.linkWith(party)}</span></a></p>
${state === 'given' && narrowLink(consent, party)}
${state === 'given' && receiptLink(consent, party)}
${quietNote(consent, party, parts)}
${state === 'given' && stopForm(consent, party, parts.formToken)}
</div></div>`;
}

function quietNote(consent: Consent, party: string, { nowMs, meterPoints, formToken }: DashboardParts) {
  const { quietUntil, consentId } = consent;
  if (quietUntil === null || quietUntil.getTime() <= nowMs) return null;
  return letAskForm(consentId, party, dayWords(quietUntil, zoneOf(consent, meterPoints)), formToken);
}

const receiptLink = ({ consentId }: Consent, party: string): Html =>
  html`<p class="govuk-body"><a class="govuk-link" href="/consents/${consentId}/receipt">${receipt.link}<span class="govuk-visually-hidden"> ${receipt.linkWith(party)}</span></a></p>`;

const narrowLink = ({ consentId }: Consent, party: string): Html =>
  html`<p class="govuk-body"><a class="govuk-link" href="/consents/${consentId}/narrow">${narrow.link}<span class="govuk-visually-hidden"> ${narrow.linkWith(party)}</span></a></p>`;

const stopForm = ({ consentId }: Consent, party: string, formToken: string): Html =>
  html`<p class="govuk-body">${dashboard.beforeStop(party)}</p>
<form method="post" action="/consents/${consentId}/stop">${formTokenField(formToken)}
<button class="govuk-button govuk-button--warning govuk-!-margin-bottom-0 stop">${dashboard.stop}<span class="govuk-visually-hidden"> ${dashboard.stopWith(party)}</span></button>
</form>`;

function toldRow(notice: ToldNotice | undefined, zone: string): readonly (readonly [string, string])[] {
  if (notice === undefined) return [];
  const day = dayWords(notice.at, zone);
  const words = {
    delivered: told.delivered(day),
    mailed: told.mailed(day),
    refused: told.refused,
    'given-up': told.refused,
  };
  return [[told.title, notice.outcome === null ? told.waits : words[notice.outcome]]];
}

/** Each address once, in the words of the fuels there. */
function meterWords({ meterPoints }: Consent, own: readonly HouseholdMeterPoint[]): string {
  const chosen = own.filter((point) => meterPoints.some((each) => each.meterPointId === point.meterPointId));
  return [...new Set(chosen.map(({ fuel, address }) => dashboard.meter(fuel, address)))].join('; ');
}

const nameOf = ({ clientId }: Consent, names: PartyNames): string => names.get(clientId) ?? clientId;

const zoneOf = ({ meterPoints }: Consent, own: readonly HouseholdMeterPoint[]): string =>
  own.find((point) => meterPoints.some((each) => each.meterPointId === point.meterPointId))?.zone ??
  'Europe/London';

const dayWords = (at: Date, zone: string): string => dateWords(localDateAt(at.getTime(), zone));

export function stoppedPage(
  consent: Consent,
  names: PartyNames,
  meterPoints: readonly HouseholdMeterPoint[],
  /** False while the entry of the stop is not in the ledger yet. */
  isRecorded: boolean,
): Page {
  const party = nameOf(consent, names);
  const zone = zoneOf(consent, meterPoints);
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone });
  const title =
    consent.state === 'stopped' ? stopped.title(time.format(consent.changedAt)) : stopped.overTitle;
  return {
    title,
    body: html`<div class="govuk-panel govuk-panel--confirmation"><h1 class="govuk-panel__title">${title}</h1></div>
<p class="govuk-body">${stopped.now(party)}</p>
${!isRecorded && html`<p class="govuk-body" data-recorded="pending">${stopped.unwritten}</p>`}
<p class="govuk-body">${stopped.keeps(party)}</p>
<h2 class="govuk-heading-m">${stopped.request}</h2>
<blockquote class="govuk-inset-text">${stopped.letter(party, dayWords(consent.changedAt, zone))}</blockquote>
<p class="govuk-body">${stopped.again(party)}</p>
<p class="govuk-body"><a class="govuk-link" href="/consents">${stopped.back}</a></p>`,
  };
}
