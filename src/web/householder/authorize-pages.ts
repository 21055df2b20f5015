// GET and POST /authorize: shows a third party's request to a signed-in householder and takes the answer.
// The third party gets its answer by a 303 to the address it registered, and by no other way.
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import type { Consent } from '../../consent/consents.ts';
import { narrowTerms } from '../../consent/terms.ts';
import { listMeterPoints } from '../../household/household-store.ts';
import { formBody } from '../../http/limits.ts';
import { consentPageHeaders } from '../../http/security-headers.ts';
import { validate } from '../../http/validate.ts';
import {
  type AuthorizationAddress,
  type AuthorizeParts,
  approveAuthorization,
  denyAuthorization,
  openAuthorization,
} from '../../oauth/authorize.ts';
import type { FieldError } from '../components/form.ts';
import { sendPage } from '../layout.ts';
import { choiceForm, readChoice, shownAgain } from './choice-form.ts';
import { choiceErrors, renderConsentPage, type ShownChoice, unansweredChoice } from './consent-page.ts';
import { type SigningParts, signedBy, signingFields } from './sign-consent-page.ts';
import { frameOf, requireFormToken, requireSession, visitorOf } from './visitor.ts';

export interface AuthorizePageParts extends SigningParts, AuthorizeParts {
  readonly production: boolean;
}

const answerForm = choiceForm.extend({ decision: z.enum(['share', 'refuse']), ...signingFields });
type Answer = z.output<typeof answerForm>;

export function authorizePages(router: Router, parts: AuthorizePageParts): void {
  const headers = consentPageHeaders({ production: parts.production });
  router.get('/authorize', headers, knownRequest(parts), requireSession, async (req, res) => {
    const { consent, refusedTo } = await openAuthorization(parts, addressOf(req), visitorOf(res));
    if (refusedTo !== null) return res.set('Cache-Control', 'no-store').redirect(303, refusedTo);
    if (consent !== null) show(req, res, parts, consent, unansweredChoice(consent), []);
  });
  router.post('/authorize', headers, formBody(), requireSession, requireFormToken, async (req, res) => {
    const answer = validate(answerForm, req.body);
    res.set('Cache-Control', 'no-store');
    if (answer.decision === 'refuse') {
      return res.redirect(303, await denyAuthorization(parts, addressOf(req), visitorOf(res)));
    }
    await share(req, res, parts, answer);
  });
}

/** A request that is not open is shown as such before anybody is asked to sign in. */
const knownRequest =
  (parts: AuthorizePageParts) =>
  async (req: Request, res: Response, next: () => void): Promise<void> => {
    if (res.locals.session === null) await openAuthorization(parts, addressOf(req), null);
    next();
  };

async function share(req: Request, res: Response, parts: AuthorizePageParts, answer: Answer): Promise<void> {
  const visitor = visitorOf(res);
  const opened = await openAuthorization(parts, addressOf(req), visitor);
  const { consent, refusedTo } = opened;
  if (refusedTo !== null) return res.redirect(303, refusedTo);
  if (consent === null) return;
  const { choice, errors: dateErrors } = readChoice(answer);
  const household = await listMeterPoints(parts.db, visitor.householdId);
  const narrowed = narrowTerms(consent.asked, choice, household);
  const errors = [...(narrowed.ok ? [] : choiceErrors(narrowed.problems)), ...dateErrors];
  if (errors.length > 0) return show(req, res, parts, consent, shownAgain(answer, consent.asked), errors);
  if (!narrowed.ok) return;
  const chosen = household.filter((point) => narrowed.meterPoints.includes(point.meterPointId));
  const { clientId, wordingDigest } = consent;
  const signed = await signedBy(res, parts, answer, {
    consent,
    action: actionOf(req),
    fields: choiceFields(answer),
    toSign: {
      ...{ origin: parts.ledger.origin, thirdParty: clientId, terms: narrowed.terms, wordingDigest },
      mpans: chosen.map(({ mpan }) => mpan),
    },
  });
  if (signed === null) return;
  const approval = { choice, ...signed, opened };
  res.redirect(303, await approveAuthorization(parts, addressOf(req), visitor, approval));
}

/** What was chosen, for a form that asks for one thing more. */
const choiceFields = (answer: Answer): [string, string][] =>
  (['resolution', 'from', 'until', 'meter_points', 'registers'] as const).flatMap((name) =>
    [answer[name] ?? []].flat().map((value): [string, string] => [name, value]),
  );

/** Nothing else of the page's address counts; a parameter given twice is none. */
function addressOf({ query }: Request): AuthorizationAddress {
  const one = (value: unknown): string => (typeof value === 'string' && value.length <= 512 ? value : '');
  return { clientId: one(query.client_id), requestUri: one(query.request_uri) };
}

function actionOf(req: Request): string {
  const { clientId, requestUri } = addressOf(req);
  return `/authorize?${new URLSearchParams({ client_id: clientId, request_uri: requestUri })}`;
}

function show(
  req: Request,
  res: Response,
  parts: AuthorizePageParts,
  consent: Consent,
  choice: ShownChoice,
  errors: readonly FieldError[],
): void {
  const action = actionOf(req);
  const { formToken } = visitorOf(res);
  sendPage(res, renderConsentPage({ consent, formToken, action, choice, errors }), frameOf(res, parts));
}
