// The grant management endpoint: a third party looks at its grants and gives them back, with a token in its own name.
// Another third party's grant is as unknown as one that was made up.
import { type Request, Router } from 'express';
import type { Database } from '../db/database.ts';
import { expressPath } from '../http/route-contract.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import {
  describeGrant,
  findManagedGrant,
  giveGrantBack,
  type ManagedGrant,
} from '../oauth/grant-management.ts';
import type { Scope } from '../oauth/scopes.ts';
import { type AdmissionParts, admittedCaller, refuseWithout } from './access.ts';
import { giveBackGrant, showGrant } from './grants-contract.ts';

export interface GrantsParts extends AdmissionParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export function grantsRoutes(parts: GrantsParts): Router {
  const router = Router();
  router.get(expressPath(showGrant), async (req, res) => {
    const managed = await managedGrant(parts, req, 'grant_management_query');
    res.set('Cache-Control', 'no-store').json(describeGrant(managed));
  });
  router.delete(expressPath(giveBackGrant), async (req, res) => {
    await giveGrantBack(parts, await managedGrant(parts, req, 'grant_management_revoke'));
    res.status(204).end();
  });
  return router;
}

async function managedGrant(parts: GrantsParts, req: Request, scope: Scope): Promise<ManagedGrant> {
  const caller = await admittedCaller(parts, req);
  refuseWithout(caller, scope, 'in-own-name');
  const managed = await findManagedGrant(parts, caller.clientId, String(req.params.grant));
  if (managed === null) throw new StabledoorError('grant_unknown');
  return managed;
}
