// A consent as a letter on a page of its own: the same text that an operator prints, for a printer at home.
import type { Router } from 'express';
import { findConsent } from '../../consent/consents.ts';
import { consentLetter } from '../../consent/letter.ts';
import { listSteps } from '../../consent/step-store.ts';
import { listMeterPoints } from '../../household/household-store.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { html } from '../html.ts';
import { sendPage } from '../layout.ts';
import { letterPage, site } from '../words/en.ts';
import { type ConsentsPageParts, consentIdOf, partyNames } from './consents-pages.ts';
import { frameOf, requireSession, visitorOf } from './visitor.ts';

export function letterPages(router: Router, parts: ConsentsPageParts & { readonly issuer: string }): void {
  const { db, clock, helpPhone, issuer } = parts;
  router.get('/consents/:id/letter', requireSession, async (req, res) => {
    const visitor = visitorOf(res);
    const consent = await findConsent(db, consentIdOf(req.params.id));
    if (consent === null || consent.occupierId !== visitor.occupierId)
      throw new StabledoorError('consent_unknown');
    const names = await partyNames(parts, [consent]);
    const { title, body: text } = consentLetter({
      ...{ consent, party: names.get(consent.clientId) ?? consent.clientId, nowMs: clock.nowMs() },
      meterPoints: await listMeterPoints(db, visitor.householdId),
      steps: await listSteps(db, consent.consentId),
      ...{ page: `${issuer}/consents`, phone: helpPhone },
    });
    const body = html`<h1 class="govuk-heading-l">${title}</h1>
<p class="govuk-body site-mail" data-letter>${text}</p>
<p class="govuk-body">${letterPage.print}</p>
<p class="govuk-body"><a class="govuk-link" href="/consents">${site.consents}</a></p>`;
    sendPage(res, { title, body }, frameOf(res, parts));
  });
}
