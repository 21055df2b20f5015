// A householder's own request to be erased, and a week to change their mind. All sharing ends when it is asked for.
import type { Router } from 'express';
import { requestErasure } from '../../audit/erasure.ts';
import { findErasure, withdrawErasure } from '../../audit/erasure-store.ts';
import { listOccupierConsents, stopConsent } from '../../consent/consents.ts';
import { dateWords } from '../../consent/words/en.ts';
import { formBody } from '../../http/limits.ts';
import { localDateAt } from '../../lib/local-date.ts';
import { defaultZone } from '../../metering/source.ts';
import { html } from '../html.ts';
import { formTokenField, type Page, sendPage } from '../layout.ts';
import { erase, site } from '../words/en.ts';
import type { ConsentsPageParts } from './consents-pages.ts';
import { frameOf, requireFormToken, requireSession, visitorOf } from './visitor.ts';

export function erasePages(router: Router, parts: ConsentsPageParts): void {
  router.get('/erase', requireSession, async (_req, res) => {
    const visitor = visitorOf(res);
    const asked = await findErasure(parts.db, visitor.householdId);
    const day = asked === null ? null : dateWords(localDateAt(asked.dueAt.getTime(), defaultZone));
    sendPage(res, erasePage(visitor.formToken, day), frameOf(res, parts));
  });
  router.post('/erase', formBody(), requireSession, requireFormToken, async (_req, res) => {
    const { householdId, occupierId } = visitorOf(res);
    await requestErasure(parts, householdId, { askedBy: 'householder' });
    const consents = await listOccupierConsents(parts.db, occupierId);
    const given = consents.filter(({ state }) => state === 'given');
    await Promise.all(given.map(({ consentId }) => stopConsent(parts, { consentId, occupierId })));
    res.redirect(303, '/erase');
  });
  router.post('/erase/keep', formBody(), requireSession, requireFormToken, async (_req, res) => {
    await withdrawErasure(parts.db, parts.ledger.logId, visitorOf(res).householdId);
    res.redirect(303, '/erase');
  });
}

const erasePage = (formToken: string, day: string | null): Page => ({
  title: erase.title,
  body: html`<h1 class="govuk-heading-l">${erase.title}</h1>
<p class="govuk-body">${erase.what}</p>
<p class="govuk-body">${erase.stays}</p>
<p class="govuk-body">${erase.others}</p>
${
  day === null
    ? html`<form id="erase" method="post" action="/erase">${formTokenField(formToken)}<button class="govuk-button govuk-button--secondary">${erase.ask}</button></form>`
    : html`<p class="govuk-inset-text">${erase.due(day)}</p>
<form id="keep" method="post" action="/erase/keep">${formTokenField(formToken)}<button class="govuk-button govuk-button--secondary">${erase.keep}</button></form>`
}
<p class="govuk-body"><a class="govuk-link" href="/consents">${site.consents}</a></p>`,
});
