// GET and POST /consents/:id/narrow: less of a consent, at once. The press is answered only when it holds.
import type { Router } from 'express';
import { stateAt } from '../../consent/consent.ts';
import { type Consent, findConsent, narrowConsent } from '../../consent/consents.ts';
import { type ConsentChoice, narrowGiven } from '../../consent/terms.ts';
import { listMeterPoints } from '../../household/household-store.ts';
import { formBody } from '../../http/limits.ts';
import { validate } from '../../http/validate.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { sendPage } from '../layout.ts';
import { choiceForm, readChoice, shownAgain } from './choice-form.ts';
import { choiceErrors } from './consent-page.ts';
import { type ConsentsPageParts, consentIdOf, partyNames } from './consents-pages.ts';
import { narrowedPage, narrowPage, presentChoice } from './narrow-page.ts';
import { frameOf, requireFormToken, requireSession, visitorOf } from './visitor.ts';

export function narrowPages(router: Router, parts: ConsentsPageParts): void {
  router.get('/consents/:id/narrow', requireSession, async (req, res) => {
    const visitor = visitorOf(res);
    const shown = await sharedBy(parts, visitor, req.params.id);
    if (shown === null) return res.redirect(303, '/consents');
    const { formToken } = visitor;
    const page = narrowPage({ ...shown, formToken, choice: presentChoice(shown.consent), errors: [] });
    sendPage(res, page, frameOf(res, parts));
  });
  router.post('/consents/:id/narrow', formBody(), requireSession, requireFormToken, async (req, res) => {
    const visitor = visitorOf(res);
    const answer = validate(choiceForm, req.body);
    const shown = await sharedBy(parts, visitor, req.params.id);
    if (shown === null) return res.redirect(303, '/consents');
    const { consent, meterPoints } = shown;
    const read = readChoice(answer);
    const choice = withWhatHasNoChoice(consent, read.choice);
    const narrowed = narrowGiven(consent, choice, meterPoints);
    const errors = [...(narrowed.ok ? [] : choiceErrors(narrowed.problems)), ...read.errors];
    if (errors.length > 0) {
      const again = {
        ...shown,
        formToken: visitor.formToken,
        choice: shownAgain(answer, consent.terms),
        errors,
      };
      return sendPage(res, narrowPage(again), frameOf(res, parts));
    }
    const { consentId } = consent;
    await narrowConsent(parts, {
      consentId,
      occupierId: visitor.occupierId,
      choice,
      signedBy: visitorOf(res).signedInBy,
    });
    res.set('Cache-Control', 'no-store').redirect(303, `/consents/${consentId}/narrowed`);
  });
  router.get('/consents/:id/narrowed', requireSession, async (req, res) => {
    const shown = await sharedBy(parts, visitorOf(res), req.params.id);
    if (shown === null || shown.consent.version < 2) return res.redirect(303, '/consents');
    sendPage(res, narrowedPage(shown.party), frameOf(res, parts));
  });
}

/** A single meter or register is not asked for; of several, none ticked means none. */
function withWhatHasNoChoice({ meterPoints, terms }: Consent, choice: ConsentChoice): ConsentChoice {
  return {
    ...choice,
    meterPoints:
      meterPoints.length > 1 ? choice.meterPoints : meterPoints.map(({ meterPointId }) => meterPointId),
    registers: terms.registers.length > 1 ? (choice.registers ?? []) : terms.registers,
  };
}

/** Null where it is over. Errors: `consent_unknown`. */
async function sharedBy(
  parts: ConsentsPageParts,
  visitor: ReturnType<typeof visitorOf>,
  id: unknown,
): Promise<{
  consent: Consent;
  party: string;
  meterPoints: Awaited<ReturnType<typeof listMeterPoints>>;
} | null> {
  const consent = await findConsent(parts.db, consentIdOf(id));
  if (consent === null || consent.occupierId !== visitor.occupierId)
    throw new StabledoorError('consent_unknown');
  if (stateAt(consent, parts.clock.nowMs()) !== 'given') return null;
  const [names, meterPoints] = await Promise.all([
    partyNames(parts, [consent]),
    listMeterPoints(parts.db, visitor.householdId),
  ]);
  return { consent, party: names.get(consent.clientId) ?? consent.clientId, meterPoints };
}
