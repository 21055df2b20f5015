// What a helper sees of whom they help: what is shared, and a button that stops it. There is no way from here to give,
// narrow or change anything.
import type { Response, Router } from 'express';
import { z } from 'zod';
import { stateAt } from '../../consent/consent.ts';
import { type Consent, listOccupierConsents, stopConsent } from '../../consent/consents.ts';
import { dateWords, resolutionWords, whyWords } from '../../consent/words/en.ts';
import { endHelper, type Helped, listHelped } from '../../household/helper-store.ts';
import { findOccupierOf } from '../../household/household-store.ts';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { idPattern } from '../../lib/ids.ts';
import { addDays } from '../../lib/local-date.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page, sendPage } from '../layout.ts';
import { dashboard, helpers, site } from '../words/en.ts';
import { type ConsentsPageParts, consentIdOf, partyNames } from './consents-pages.ts';
import { frameOf, requireFormToken, requireSession, visitorOf } from './visitor.ts';

const stopForm = z.object({ consent: z.string().regex(idPattern('consent')) });

export function helpingPages(router: Router, parts: ConsentsPageParts): void {
  const { db, clock } = parts;
  router.get('/helping', requireSession, async (_req, res) => {
    sendPage(res, helpingPage(await listHelped(db, visitorOf(res).occupierId)), frameOf(res, parts));
  });
  router.get('/helping/:id', requireSession, async (req, res) => {
    const helped = await helpedOf(parts, res, req.params.id);
    const occupier = await findOccupierOf(db, helped.householdId);
    const all = occupier === null ? [] : await listOccupierConsents(db, occupier.occupierId);
    const given = all.filter((consent) => stateAt(consent, clock.nowMs()) === 'given');
    const page = helpedPage(helped, given, await partyNames(parts, given), visitorOf(res).formToken);
    sendPage(res, page, frameOf(res, parts));
  });
  router.post('/helping/:id/stop', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { consent } = validate(stopForm, req.body);
    // Whether they help is asked with the stop itself, so that both ways of stopping ask it.
    await stopConsent(parts, { consentId: consentIdOf(consent), helperId: visitorOf(res).occupierId });
    res.set('Cache-Control', 'no-store').redirect(303, `/helping/${helperIdOf(req.params.id)}`);
  });
  router.post('/helping/:id/leave', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { occupierId } = visitorOf(res);
    await endHelper(db, helperIdOf(req.params.id), { occupierId });
    res.redirect(303, '/helping');
  });
}

function helperIdOf(text: unknown): Helped['helperId'] {
  if (typeof text !== 'string' || !idPattern('helper').test(text)) throw new StabledoorError('not_found');
  return text as Helped['helperId'];
}

/** Whom they do not help does not exist for them. */
async function helpedOf({ db }: ConsentsPageParts, res: Response, id: unknown): Promise<Helped> {
  const all = await listHelped(db, visitorOf(res).occupierId);
  const helped = all.find(({ helperId }) => helperId === id);
  if (helped === undefined) throw new StabledoorError('not_found');
  return helped;
}

const helpingPage = (all: readonly Helped[]): Page => ({
  title: helpers.helping,
  body: html`<h1 class="govuk-heading-l">${helpers.helping}</h1>
${all.length === 0 && html`<p class="govuk-body">${helpers.helpingNone}</p>`}
${all.map(
  ({ helperId, email }) =>
    html`<p class="govuk-body"><a class="govuk-link" href="/helping/${helperId}">${helpers.see(email)}</a></p>`,
)}
<p class="govuk-body"><a class="govuk-link" href="/consents">${site.consents}</a></p>`,
});

const helpedPage = (
  { helperId, email }: Helped,
  given: readonly Consent[],
  names: Awaited<ReturnType<typeof partyNames>>,
  formToken: string,
): Page => ({
  title: helpers.see(email),
  body: html`<h1 class="govuk-heading-l">${helpers.see(email)}</h1>
${given.length === 0 && html`<p class="govuk-body">${helpers.nothing}</p>`}
${given.map((consent) => card(consent, names.get(consent.clientId) ?? consent.clientId, { helperId, formToken }))}
<form id="leave" method="post" action="/helping/${helperId}/leave">${formTokenField(formToken)}
<button class="govuk-button govuk-button--secondary">${helpers.leave}</button></form>
<p class="govuk-body"><a class="govuk-link" href="/helping">${helpers.helping}</a></p>`,
});

function card(
  { consentId, terms }: Consent,
  party: string,
  { helperId, formToken }: { helperId: string; formToken: string },
): Html {
  const why = whyWords(terms.purpose);
  return html`<div class="govuk-summary-card" data-consent="${consentId}">
<div class="govuk-summary-card__title-wrapper"><h2 class="govuk-summary-card__title">${party}</h2></div>
<div class="govuk-summary-card__content"><p class="govuk-body">${why}</p>
<p class="govuk-body">${resolutionWords[terms.resolution].name} ${dateWords(terms.from)} – ${dateWords(addDays(terms.until, -1))}</p>
<p class="govuk-body">${dashboard.beforeStop(party)}</p>
<form method="post" action="/helping/${helperId}/stop">${formTokenField(formToken)}<input type="hidden" name="consent" value="${consentId}">
<button class="govuk-button govuk-button--warning govuk-!-margin-bottom-0 stop">${helpers.stop}<span class="govuk-visually-hidden"> ${helpers.stopWith(party)}</span></button>
</form></div></div>`;
}
