// A third party's own consents. It learns that one is over, never who ended it or why.
import { type Request, Router } from 'express';
import { type Consent, findConsent, listThirdPartyConsents, returnConsent } from '../consent/consents.ts';
import type { Database } from '../db/database.ts';
import { expressPath } from '../http/route-contract.ts';
import { validate } from '../http/validate.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { ConsentId } from '../lib/ids.ts';
import type { Scope } from '../oauth/scopes.ts';
import type { AccessClaims } from '../oauth/verify-access.ts';
import { type AdmissionParts, admittedCaller, refuseWithout } from './access.ts';
import {
  consentParams,
  consentsQuery,
  giveBackConsent,
  listConsents,
  showConsent,
} from './consents-contract.ts';

export interface ConsentsParts extends AdmissionParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

export function consentsRoutes(parts: ConsentsParts): Router {
  const router = Router();
  router.get(listConsents.path, async (req, res) => {
    const { clientId } = await callerWith(parts, req, 'consents:read');
    const { cursor, limit } = validate(consentsQuery, req.query);
    const found = await listThirdPartyConsents(parts.db, clientId, {
      after: cursor as ConsentId | undefined,
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const next = found.length > limit ? { next: page.at(-1)?.consentId } : {};
    res.set('Cache-Control', 'no-store').json({ consents: page.map(consentJson), ...next });
  });
  router.get(expressPath(showConsent), async (req, res) => {
    const { clientId } = await callerWith(parts, req, 'consents:read');
    const consent = await findConsent(parts.db, consentIdOf(req.params));
    if (consent === null || consent.clientId !== clientId || consent.version === 0)
      throw new StabledoorError('consent_unknown');
    res.set('Cache-Control', 'no-store').json(consentJson(consent));
  });
  router.delete(expressPath(giveBackConsent), async (req, res) => {
    const { clientId } = await callerWith(parts, req, 'grant_management_revoke');
    await returnConsent(parts, { consentId: consentIdOf(req.params), clientId });
    res.status(204).end();
  });
  return router;
}

/** With a token of any of its consents, or with one in its own name that has the scope. */
async function callerWith(parts: ConsentsParts, req: Request, scope: Scope): Promise<AccessClaims> {
  const caller = await admittedCaller(parts, req);
  refuseWithout(caller, scope);
  return caller;
}

/** What is not even the form of an id is not known either. */
function consentIdOf(params: unknown): ConsentId {
  const read = consentParams.safeParse(params);
  if (!read.success) throw new StabledoorError('consent_unknown');
  return read.data.consent as ConsentId;
}

/** A stop and a move out read alike: `stopped` would say that the householder did it. */
const toldState = ({ state }: Consent) => (state === 'stopped' ? 'ended' : state);

const consentJson = (consent: Consent) => ({
  consent_id: consent.consentId,
  state: toldState(consent),
  version: consent.version,
  purpose: consent.terms.purpose,
  resolution: consent.terms.resolution,
  registers: consent.terms.registers,
  from: consent.terms.from,
  until: consent.terms.until,
  once: consent.terms.once,
  expires_at: consent.expiresAt?.toISOString(),
  meter_points: consent.meterPoints.map(({ meterRef }) => meterRef),
});
