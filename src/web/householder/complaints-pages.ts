// Complaints: what a household writes to the people who run this, whether they say that it is here, and what came of it.
import type { Router } from 'express';
import { z } from 'zod';
import { dateWords } from '../../consent/words/en.ts';
import { type Complaint, insertComplaint, listOwnComplaints } from '../../household/complaint-store.ts';
import { formBody } from '../../http/limits.ts';
import { newId } from '../../lib/ids.ts';
import { localDateAt } from '../../lib/local-date.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page, sendPage } from '../layout.ts';
import { complaints, site, stopped } from '../words/en.ts';
import { frameOf, requireFormToken, requireSession, type VisitorParts, visitorOf } from './visitor.ts';

/** Waiting for an answer at a time. */
export const mostOpen = 10;

const form = z.object({
  text: z
    .string()
    .transform((text) => text.replaceAll('\r\n', '\n').trim())
    .pipe(z.string().min(1).max(2000)),
});
type Problem = 'empty' | 'many';

export function complaintsPages(router: Router, parts: VisitorParts): void {
  const { db } = parts;
  router.get('/complaints', requireSession, async (_req, res) => {
    const { householdId, formToken } = visitorOf(res);
    sendPage(res, page(await listOwnComplaints(db, householdId), formToken, null), frameOf(res, parts));
  });
  router.post('/complaints', formBody(), requireSession, requireFormToken, async (req, res) => {
    const { householdId, formToken } = visitorOf(res);
    const read = form.safeParse(req.body);
    const problem: Problem | null = !read.success
      ? 'empty'
      : (await insertComplaint(db, { complaintId: newId('complaint'), householdId, ...read.data }, mostOpen))
        ? null
        : 'many';
    if (problem === null) return res.set('Cache-Control', 'no-store').redirect(303, '/complaints');
    sendPage(res, page(await listOwnComplaints(db, householdId), formToken, problem), frameOf(res, parts));
  });
}

const page = (own: readonly Complaint[], formToken: string, problem: Problem | null): Page => ({
  title: complaints.title,
  hasError: problem !== null,
  status: problem === null ? 200 : problem === 'empty' ? 400 : 409,
  body: html`${
    problem !== null &&
    html`<div class="govuk-error-summary" role="alert"><h2 class="govuk-error-summary__title">${site.problem}</h2>
<p class="govuk-body"><a class="govuk-link" href="#text">${complaints[problem]}</a></p></div>`
  }
<h1 class="govuk-heading-l">${complaints.title}</h1>
<p class="govuk-body">${complaints.what}</p>
<p class="govuk-body">${complaints.elsewhere}</p>
<form method="post" action="/complaints">${formTokenField(formToken)}
<div class="govuk-form-group"><label class="govuk-label" for="text">${complaints.label}</label>
<textarea class="govuk-textarea" id="text" name="text" rows="6" maxlength="2000"></textarea></div>
<button class="govuk-button" id="continue">${complaints.send}</button>
</form>
${own.map(shown)}
<p class="govuk-body"><a class="govuk-link" href="/consents">${stopped.back}</a></p>`,
});

const dayWords = (at: Date): string => dateWords(localDateAt(at.getTime(), 'Europe/London'));

const shown = ({ madeAt, text, acknowledgedAt, answer, answeredAt }: Complaint): Html =>
  html`<div class="govuk-summary-card"><div class="govuk-summary-card__title-wrapper">
<h2 class="govuk-summary-card__title">${complaints.of(dayWords(madeAt))}</h2>
<strong class="govuk-tag${answeredAt !== null && ' govuk-tag--grey'}">${
    answeredAt !== null
      ? complaints.answered(dayWords(answeredAt))
      : acknowledgedAt !== null
        ? complaints.here(dayWords(acknowledgedAt))
        : complaints.waits
  }</strong></div>
<div class="govuk-summary-card__content"><p class="govuk-body site-mail">${text}</p>
${answer !== null && html`<h3 class="govuk-heading-s">${complaints.answer}</h3><p class="govuk-body site-mail">${answer}</p>`}</div></div>`;
