// What a householder shares, one card a consent, and the one press that stops it. A stop is answered only when it holds.
import type { Router } from 'express';
import { accessByLaw } from '../../audit/access-by-law.ts';
import { stateAt } from '../../consent/consent.ts';
import {
  type Consent,
  findConsent,
  issueReceipt,
  listOccupierConsents,
  type SignReceipt,
  stopConsent,
} from '../../consent/consents.ts';
import { listSteps } from '../../consent/step-store.ts';
import { listMeterPoints } from '../../household/household-store.ts';
import { formBody } from '../../http/limits.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Subjects } from '../../ledger/subjects.ts';
import type { Clock } from '../../lib/clock.ts';
import { StabledoorError } from '../../lib/errors.ts';
import { type ClientId, type ConsentId, idPattern } from '../../lib/ids.ts';
import { toldOf } from '../../notify/told-store.ts';
import type { Logger } from '../../observe/logger.ts';
import type { RelyingParty } from '../../passkey/passkeys.ts';
import { listThirdPartiesByIds } from '../../registry/registry-store.ts';
import { sendPage } from '../layout.ts';
import { dashboardPage, stoppedPage } from './consents-page.ts';
import { frameOf, requireFormToken, requireSession, type VisitorParts, visitorOf } from './visitor.ts';

export interface ConsentsPageParts extends VisitorParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly issuer: string;
  readonly subjects: Subjects;
  readonly signReceipt: SignReceipt;
  /** Null where there are no passkeys. */
  readonly party: RelyingParty | null;
}

export function consentsPages(router: Router, parts: ConsentsPageParts): void {
  const { db, clock } = parts;
  router.get('/consents', requireSession, async (_req, res) => {
    const visitor = visitorOf(res);
    const [consents, meterPoints, byLaw] = await Promise.all([
      listOccupierConsents(db, visitor.occupierId),
      listMeterPoints(db, visitor.householdId),
      accessByLaw(parts, visitor.householdId),
    ]);
    const cards = consents.map((consent) => ({ ...consent, state: stateAt(consent, clock.nowMs()) }));
    const names = await partyNames(parts, [
      ...consents,
      ...byLaw.reads.map((read) => ({ clientId: read.third_party as ClientId })),
    ]);
    const told = await toldOf(
      db,
      cards.filter(({ state }) => state !== 'given').map(({ consentId }) => consentId),
    );
    const page = dashboardPage({
      ...{ consents: cards, names, meterPoints, formToken: visitor.formToken },
      ...{ byLaw, told, hasPasskeys: parts.party !== null, nowMs: clock.nowMs() },
    });
    sendPage(res, page, frameOf(res, parts));
  });
  router.get('/consents/:id/receipt', requireSession, async (req, res) => {
    const consentId = consentIdOf(req.params.id);
    const consent = await findConsent(db, consentId);
    if (consent === null || consent.occupierId !== visitorOf(res).occupierId)
      throw new StabledoorError('consent_unknown');
    const { jws } = await issueReceipt(parts, consentId);
    res.set('Cache-Control', 'no-store').attachment('consent-receipt.jws').type('application/jose').send(jws);
  });
  router.post('/consents/:id/stop', formBody(), requireSession, requireFormToken, async (req, res) => {
    const consentId = consentIdOf(req.params.id);
    await stopConsent(parts, { consentId, occupierId: visitorOf(res).occupierId });
    res.set('Cache-Control', 'no-store').redirect(303, `/consents/${consentId}/stopped`);
  });
  router.get('/consents/:id/stopped', requireSession, async (req, res) => {
    const visitor = visitorOf(res);
    const consent = await findConsent(db, consentIdOf(req.params.id));
    if (consent === null || consent.occupierId !== visitor.occupierId)
      throw new StabledoorError('consent_unknown');
    const [names, meterPoints] = await Promise.all([
      partyNames(parts, [consent]),
      listMeterPoints(db, visitor.householdId),
    ]);
    if (stateAt(consent, clock.nowMs()) === 'given') return res.redirect(303, '/consents');
    const page = stoppedPage(consent, names, meterPoints, await isRecorded(parts, consent));
    sendPage(res, page, frameOf(res, parts));
  });
}

/** Whether the ledger has the stop of a consent already, if there was one: that may take until it can be written. */
export async function isRecorded({ db }: ConsentsPageParts, { consentId }: Consent): Promise<boolean> {
  return !(await listSteps(db, consentId)).some(({ event, index }) => event === 'stop' && index === null);
}

/** Before anything can fail: whatever does, the page must say that it is not stopped yet. */
export function markStops(router: Router): void {
  for (const path of ['/consents/:id/stop', '/stop/:token', '/homes/:id/stop', '/helping/:id/stop']) {
    router.post(path, (_req, res, next) => {
      res.locals.stopping = true;
      next();
    });
  }
}

export function consentIdOf(text: unknown): ConsentId {
  if (typeof text !== 'string' || !idPattern('consent').test(text))
    throw new StabledoorError('consent_unknown');
  return text as ConsentId;
}

export async function partyNames(
  { db }: Pick<ConsentsPageParts, 'db'>,
  consents: readonly Pick<Consent, 'clientId'>[],
): Promise<ReadonlyMap<ClientId, string>> {
  const ids = [...new Set(consents.map((consent) => consent.clientId))];
  const parties = ids.length === 0 ? [] : await listThirdPartiesByIds(db, ids);
  return new Map(parties.map((party) => [party.clientId, party.tradingName]));
}
