// GET and POST /stop/{token}: stops one consent without signing in. Opening it changes nothing, because mail scanners open
// links; only the press does. The address is a secret: no cache keeps it, no other site is told it, no search engine lists it.
import type { Request, RequestHandler, Router } from 'express';
import { stateAt } from '../../consent/consent.ts';
import { findConsent, openStopLink, stopConsent } from '../../consent/consents.ts';
import { formBody } from '../../http/limits.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { html } from '../html.ts';
import { type Page, sendPage } from '../layout.ts';
import { dashboard, stopLink } from '../words/en.ts';
import { stoppedPage } from './consents-page.ts';
import { type ConsentsPageParts, isRecorded, partyNames } from './consents-pages.ts';
import { frameOf } from './visitor.ts';

const secretAddress: RequestHandler = (_req, res, next) => {
  res.set({
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Robots-Tag': 'noindex, nofollow',
  });
  next();
};

export function stopLinkPages(router: Router, parts: ConsentsPageParts): void {
  const { db, clock } = parts;
  const consentOf = async (req: Request) => {
    const link = await openStopLink(db, req.params.token);
    const consent = link && (await findConsent(db, link.consentId));
    if (!consent) throw new StabledoorError('consent_unknown');
    return { ...consent, state: stateAt(consent, clock.nowMs()) };
  };
  router.get('/stop/:token', secretAddress, async (req, res) => {
    const consent = await consentOf(req);
    const names = await partyNames(parts, [consent]);
    const party = names.get(consent.clientId) ?? consent.clientId;
    const page =
      consent.state === 'given'
        ? stopPage(party)
        : stoppedPage(consent, names, [], await isRecorded(parts, consent));
    sendPage(res, page, frameOf(res, parts));
  });
  router.post('/stop/:token', secretAddress, formBody(), async (req, res) => {
    const { consentId, occupierId } = await consentOf(req);
    await stopConsent(parts, { consentId, occupierId });
    res.redirect(303, `/stop/${req.params.token}`);
  });
}

const stopPage = (party: string): Page => ({
  title: stopLink.title(party),
  body: html`<h1 class="govuk-heading-l">${stopLink.title(party)}</h1>
<p class="govuk-body">${stopLink.what}</p>
<p class="govuk-body">${dashboard.beforeStop(party)}</p>
<form method="post">
<button id="stop" class="govuk-button govuk-button--warning stop">${dashboard.stop}</button>
</form>`,
});
