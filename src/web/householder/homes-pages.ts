// An occupier's homes: the code from the post that shows that they live there, a fresh start, and the one press by which
// anybody of a home stops all sharing of it without seeing whose it was.
import type { Response, Router } from 'express';
import { z } from 'zod';
import { linkHome } from '../../consent/link-home.ts';
import { stopHome } from '../../consent/stop-home.ts';
import { dateWords } from '../../consent/words/en.ts';
import { findMeterPointById, listMeterPoints } from '../../household/household-store.ts';
import { isLinked } from '../../household/link-store.ts';
import type { HouseholdMeterPoint } from '../../household/meter-point.ts';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { formBody } from '../../http/limits.ts';
import type { RateLimiter } from '../../http/rate-limit.ts';
import { validate } from '../../http/validate.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { idPattern, type MeterPointId } from '../../lib/ids.ts';
import { localDateAt } from '../../lib/local-date.ts';
import { errorSummary, type FieldError, optionGroup, textField } from '../components/form.ts';
import { type Html, html } from '../html.ts';
import { formTokenField, type Page, sendPage } from '../layout.ts';
import { dashboard, homes, site } from '../words/en.ts';
import type { ConsentsPageParts } from './consents-pages.ts';
import { frameOf, requireFormToken, requireSession, visitorOf } from './visitor.ts';

export interface HomesPageParts extends ConsentsPageParts {
  readonly limiter: RateLimiter;
}

const codeForm = z.object({ code: z.string().max(100), fresh: z.literal('yes').optional() });

export function homesPages(router: Router, parts: HomesPageParts): void {
  const { db, limiter } = parts;
  router.get('/homes', requireSession, (_req, res) => show(res, parts, []));
  router.post(
    '/homes/code',
    requireSession,
    limitRequests(limiter, 'sign-in-code', addressOf),
    limitRequests(limiter, 'activation-code', (_req, res) => visitorOf(res).householdId),
    formBody(),
    requireFormToken,
    async (req, res) => {
      const { code, fresh } = validate(codeForm, req.body);
      const freshStart = fresh === 'yes';
      const { householdId } = visitorOf(res);
      const point = await linkHome(parts, { householdId, code, freshStart });
      if (point === null) return show(res, parts, [{ field: 'code', text: homes.badCode }]);
      sendPage(res, linkedPage(point.address, freshStart), frameOf(res, parts));
    },
  );
  router.post('/homes/:id/stop', formBody(), requireSession, requireFormToken, async (req, res) => {
    const meterPointId = meterPointIdOf(req.params.id);
    await stopHome(parts, { householdId: visitorOf(res).householdId, meterPointId });
    res.set('Cache-Control', 'no-store').redirect(303, `/homes/${meterPointId}/stopped`);
  });
  router.get('/homes/:id/stopped', requireSession, async (req, res) => {
    const meterPointId = meterPointIdOf(req.params.id);
    const linked = await isLinked(db, visitorOf(res).householdId, meterPointId);
    const point = linked ? await findMeterPointById(db, meterPointId) : null;
    if (point === null) throw new StabledoorError('meter_point_unknown');
    sendPage(res, stoppedHomePage(point.address), frameOf(res, parts));
  });
}

function meterPointIdOf(text: unknown): MeterPointId {
  if (typeof text !== 'string' || !idPattern('meter_point').test(text))
    throw new StabledoorError('meter_point_unknown');
  return text as MeterPointId;
}

async function show(res: Response, parts: HomesPageParts, errors: readonly FieldError[]): Promise<void> {
  const { householdId, formToken } = visitorOf(res);
  const points = await listMeterPoints(parts.db, householdId);
  sendPage(res, homesPage(points, formToken, errors), frameOf(res, parts));
}

const homesPage = (
  points: readonly HouseholdMeterPoint[],
  formToken: string,
  errors: readonly FieldError[],
): Page => ({
  title: homes.title,
  hasError: errors.length > 0,
  status: errors.length > 0 ? 400 : 200,
  body: html`${errorSummary(errors)}
<h1 class="govuk-heading-l">${homes.title}</h1>
${points.length === 0 && html`<p class="govuk-body">${homes.none}</p>`}
${points.map((point) => card(point, formToken))}
<p class="govuk-body">${dashboard.others}</p>
<h2 class="govuk-heading-m">${homes.codeTitle}</h2>
<p class="govuk-body">${homes.codeWhat}</p>
<form id="home-code" method="post" action="/homes/code" novalidate>${formTokenField(formToken)}
${textField({ id: 'code', label: homes.code, hint: homes.codeHint, autocomplete: 'off', width: '20' }, errors)}
${optionGroup(
  {
    ...{ name: 'fresh', kind: 'checkboxes', legend: homes.freshLegend, chosen: [] },
    options: [{ value: 'yes', label: homes.fresh, hint: homes.freshHint }],
  },
  errors,
)}
<button class="govuk-button">${homes.enter}</button>
</form>
${back}`,
});

function card(point: HouseholdMeterPoint, formToken: string): Html {
  const { address, fuel, linkLapsesAt, tenancyOver, zone, meterPointId } = point;
  const name = dashboard.meter(fuel, address);
  const stands = tenancyOver
    ? homes.former
    : linkLapsesAt === null
      ? homes.lapsed
      : homes.until(dateWords(localDateAt(linkLapsesAt.getTime(), zone)));
  return html`<div class="govuk-summary-card" data-home="${meterPointId}">
<div class="govuk-summary-card__title-wrapper"><h2 class="govuk-summary-card__title">${name}</h2></div>
<div class="govuk-summary-card__content"><p class="govuk-body">${stands}</p>
${
  linkLapsesAt !== null &&
  !tenancyOver &&
  html`<p class="govuk-body">${homes.stopAllWhat}</p>
<form method="post" action="/homes/${meterPointId}/stop">${formTokenField(formToken)}
<button class="govuk-button govuk-button--warning govuk-!-margin-bottom-0 stop-all">${homes.stopAll}<span class="govuk-visually-hidden"> ${homes.stopAllAt(name)}</span></button>
</form>`
}</div></div>`;
}

const back = html`<p class="govuk-body"><a class="govuk-link" href="/consents">${site.consents}</a></p>`;

const linkedPage = (address: string, freshStart: boolean): Page => ({
  title: homes.linkedTitle,
  body: html`<h1 class="govuk-heading-l">${homes.linkedTitle}</h1>
<p class="govuk-body">${homes.linked(address)}</p>
${freshStart && html`<p class="govuk-body">${homes.linkedFresh}</p>`}
<p class="govuk-body"><a class="govuk-link" href="/homes">${homes.title}</a></p>`,
});

const stoppedHomePage = (address: string): Page => ({
  title: homes.stoppedTitle,
  body: html`<div class="govuk-panel govuk-panel--confirmation"><h1 class="govuk-panel__title">${homes.stoppedTitle}</h1></div>
<p class="govuk-body">${homes.stopped(address)}</p>
<p class="govuk-body"><a class="govuk-link" href="/homes">${homes.title}</a></p>`,
});
