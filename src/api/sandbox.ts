// The sandbox's own routes: set the time, and answer a request as a household without a browser. They are not there
// in production: the application does not mount them.
import { Router } from 'express';
import type { z } from 'zod';
import type { DatabaseClock } from '../db/clock.ts';
import { findOccupierByEmail, findOccupierOf, listMeterPoints } from '../household/household-store.ts';
import { jsonBody } from '../http/limits.ts';
import { validate } from '../http/validate.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type HouseholdId, idPattern } from '../lib/ids.ts';
import { localDate } from '../lib/local-date.ts';
import {
  type AuthorizeParts,
  approveAuthorization,
  denyAuthorization,
  openAuthorization,
} from '../oauth/authorize.ts';
import { OauthError } from '../oauth/errors.ts';
import { clockBody, decide, decisionBody, setClock } from './sandbox-contract.ts';

export interface SandboxParts extends AuthorizeParts {
  readonly clock: DatabaseClock;
}

export function sandboxRoutes(parts: SandboxParts): Router {
  const router = Router();
  router.post(setClock.path, jsonBody(), async (req, res) => {
    const { now, advance_s } = validate(clockBody, req.body);
    const wanted = advance_s === undefined ? (now ?? null) : parts.clock.nowMs() + advance_s * 1000;
    const ms = typeof wanted === 'string' ? Date.parse(wanted) : wanted;
    const set = await parts.clock.move(ms).catch(refusedByDatabase);
    res.json({ now: new Date(set).toISOString() });
  });
  router.post(decide.path, jsonBody(), async (req, res) => {
    res.json({ redirect_to: await answerFor(parts, validate(decisionBody, req.body)) });
  });
  return router;
}

/** SQLSTATE SD001: the ledger's own refusal of a time. */
function refusedByDatabase(error: unknown): never {
  if ((error as { code?: unknown }).code === 'SD001') throw new StabledoorError('clock_refused');
  throw error;
}

type Decision = z.output<typeof decisionBody>;

async function answerFor(parts: SandboxParts, decision: Decision): Promise<string> {
  const { household } = decision;
  const occupier = idPattern('household').test(household)
    ? await findOccupierOf(parts.db, household as HouseholdId)
    : await findOccupierByEmail(parts.db, household.trim().toLowerCase());
  if (occupier === null) throw new StabledoorError('not_found', 'household: nobody is known by that.');
  const address = { clientId: decision.client_id, requestUri: decision.request_uri };
  try {
    if (decision.decision === 'refuse') return await denyAuthorization(parts, address, occupier);
    const opened = await openAuthorization(parts, address, occupier);
    const { detail, refusedTo } = opened;
    if (refusedTo !== null) return refusedTo;
    const points = await listMeterPoints(parts.db, occupier.householdId);
    const chosen = decision.meter_points;
    return await approveAuthorization(parts, address, occupier, {
      ...{ signedBy: 'sandbox', opened },
      choice: {
        resolution: decision.resolution ?? detail.resolution,
        from: decision.from === undefined ? undefined : localDate(decision.from),
        until: decision.until === undefined ? undefined : localDate(decision.until),
        meterPoints: points
          .filter(({ mpan, fuel }) => (chosen ? chosen.includes(mpan) : detail.fuels.includes(fuel)))
          .map(({ meterPointId }) => meterPointId),
      },
    });
  } catch (error) {
    if (error instanceof OauthError) throw new StabledoorError('invalid_request', error.message);
    throw error;
  }
}
