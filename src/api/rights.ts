// The list of what a third party may read without a consent.
import { Router } from 'express';
import { validate } from '../http/validate.ts';
import { listRights, type Right } from '../lawful/right-list-store.ts';
import { type AdmissionParts, admittedCaller, refuseWithout } from './access.ts';
import { listRightsRoute, rightsQuery } from './rights-contract.ts';

export function rightsRoutes(parts: AdmissionParts): Router {
  const router = Router();
  router.get(listRightsRoute.path, async (req, res) => {
    const caller = await admittedCaller(parts, req);
    refuseWithout(caller, 'readings:by-right', 'in-own-name');
    const { cursor = '', limit } = validate(rightsQuery, req.query);
    const page = { after: cursor, limit: limit + 1 };
    const found = await listRights(parts.db, parts.ledger.logId, caller.clientId, page);
    const shown = found.slice(0, limit);
    const next = found.length > limit ? { next: shown.at(-1)?.meterRef } : {};
    res.set('Cache-Control', 'no-store').json({ rights: shown.map(rightJson), ...next });
  });
  return router;
}

const rightJson = ({ meterRef, mpan, basis, id, resolution, from, until, optedOut, expiresAt }: Right) => ({
  id: meterRef,
  meter_point: mpan,
  basis,
  ...(basis === 'licence' ? { supply_id: id, opted_out: optedOut } : { order_id: id }),
  ...(resolution === null ? {} : { resolution }),
  from,
  ...(until === null ? {} : { until }),
  ...(expiresAt === null ? {} : { expires_at: expiresAt.toISOString() }),
});
