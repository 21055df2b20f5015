// The data API: what a token may read, and readings of one meter point. All it does is check, call the door, and say.
import { type RequestHandler, Router } from 'express';
import { leaveInTime } from '../http/leave-in-time.ts';
import { expressPath } from '../http/route-contract.ts';
import { validate } from '../http/validate.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { MeterRef } from '../lib/ids.ts';
import type { ReadBasis } from '../metering/read-basis.ts';
import type { Caller, ReadRequest } from '../metering/read-request.ts';
import { readingWindow } from '../metering/reading-window.ts';
import { type Release, type ReleaseParts, releaseReadings } from '../metering/release.ts';
import { findReadable } from '../metering/release-store.ts';
import type { RightFacts } from '../metering/right-store.ts';
import { readableWithin, type TokenLimits } from '../metering/token-limits.ts';
import type { AccessClaims, ConsentAccess } from '../oauth/verify-access.ts';
import type { Purpose } from '../policy/request.ts';
import {
  type AdmissionParts,
  accessOf,
  admittedCaller,
  byConsent,
  refuseWithout,
  requireAccess,
} from './access.ts';
import { listMeterPoints, meterRefParams, readingsQuery, readReadings } from './readings-contract.ts';

export type ReadingsParts = ReleaseParts & AdmissionParts;

export function readingsRoutes(parts: ReadingsParts): Router {
  const router = Router();
  router.get(listMeterPoints.path, async (req, res) => {
    const caller = byConsent(await admittedCaller(parts, req));
    const found = await findReadable(parts.db, parts.ledger.logId, caller.consentId);
    if (found === null) throw new StabledoorError('invalid_token');
    const { meterPoints, registers, ...terms } = readableWithin(found, limitsOf(caller));
    res.set('Cache-Control', 'no-store').json({
      consent_id: caller.consentId,
      ...terms,
      meter_points: meterPoints.map(({ meterRef, fuel, zone }) => ({ id: meterRef, fuel, zone, registers })),
    });
  });
  router.get(expressPath(readReadings), requireAccess(parts), answersJson, async (req, res) => {
    const request = readRequest(accessOf(res), req.params, req.query);
    const release = await releaseReadings(parts, request);
    const { origin, index } = release.receipt;
    leaveInTime(res, release.leavesByMs - performance.now());
    res
      .set({ 'Ledger-Entry': `${origin}/${index}`, 'Cache-Control': 'no-store' })
      .json(answer(request, release));
  });
  return router;
}

/** Refuses, before anything is read, a caller who could not use the answer. */
const answersJson: RequestHandler = (req, _res, next) =>
  next(req.accepts('application/json') ? undefined : new StabledoorError('not_acceptable'));

function readRequest(access: AccessClaims, params: unknown, query: unknown): ReadRequest {
  const { meter_point } = validateKnown(params);
  const { from, to, resolution, register, purpose } = validate(readingsQuery, query);
  return {
    caller: callerOf(access, purpose),
    meterRef: meter_point,
    register,
    resolution,
    window: readingWindow(from, to, resolution),
  };
}

/** A token in the caller's own name reads what the law lets it have without asking; any other what its consent covers. */
function callerOf(access: AccessClaims, purpose: Purpose | undefined): Caller {
  if (access.kind === 'consent') return { ...access, limits: limitsOf(access) };
  refuseWithout(access, 'readings:by-right');
  return { ...access, purpose: purpose ?? null };
}

/** What the token itself is for: the whole of the grant as it was then, or less. */
const limitsOf = ({ detail }: ConsentAccess): TokenLimits => ({
  fuels: detail.fuels,
  registers: detail.registers,
  resolution: detail.resolution,
  from: detail.from,
  until: detail.until,
  meterRefs: detail.meter_points,
});

/** What is not even the form of an id is not known either. */
function validateKnown(params: unknown): { meter_point: MeterRef } {
  const read = meterRefParams.safeParse(params);
  if (!read.success) throw new StabledoorError('meter_point_unknown');
  return read.data as { meter_point: MeterRef };
}

function rightOf(caller: Caller, { basis, facts, purpose }: ReadBasis) {
  if (caller.kind === 'consent') return { consent_id: caller.consentId };
  const { id } = (facts as RightFacts).right;
  return basis === 'licence' ? { supply_id: id, purpose } : { order_id: id, purpose };
}

function answer({ caller, meterRef, register, window }: ReadRequest, release: Release) {
  const { by, meterPoint, receipt } = release;
  return {
    meter_point: meterRef,
    fuel: meterPoint.fuel,
    register,
    unit: meterPoint.unit,
    resolution: release.resolution,
    zone: meterPoint.zone,
    from: window.from,
    to: window.to,
    ...rightOf(caller, by),
    source: release.source,
    synthetic: meterPoint.synthetic,
    readings: release.readings,
    ledger_entry: { origin: receipt.origin, index: receipt.index, leaf: receipt.leaf },
  };
}
