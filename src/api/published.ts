// Health, the contract itself, and the ledger's newest checkpoint: what anyone may ask without a token.
import { Router } from 'express';
import type { Database } from '../db/database.ts';
import { checkHealth, type HealthParts } from '../http/health.ts';
import type { RouteContract } from '../http/route-contract.ts';
import type { Witnessing } from '../ledger/witnessing.ts';
import { openApiDocument, openApiYaml } from './openapi.ts';
import { publishedCheckpoint, sendCheckpoint } from './published-checkpoint.ts';
import { contractJson, contractYaml, liveness, newestCheckpoint, readiness } from './published-contract.ts';

export interface PublishedParts extends HealthParts {
  readonly db: Database;
  readonly ledger: { readonly logId: number };
  /** Null where no witness policy is set. */
  readonly witnessing: Pick<Witnessing, 'status'> | null;
}

export function publishedRoutes(parts: PublishedParts, contracts: readonly RouteContract[]): Router {
  const router = Router();
  const document = JSON.stringify(openApiDocument(contracts));
  const yaml = openApiYaml(contracts);
  router.get(liveness.path, (_req, res) => void res.set('Cache-Control', 'no-store').json({ status: 'up' }));
  router.get(readiness.path, async (_req, res) => {
    const reason = await checkHealth(parts);
    res.set('Cache-Control', 'no-store').status(reason === null ? 200 : 503);
    const isLate = parts.witnessing?.status().isLate === true;
    const warning = isLate ? { warning: 'the witnesses of the ledger are late' } : {};
    res.json(reason === null ? { status: 'up', ...warning } : { status: 'down', reason, ...warning });
  });
  router.get(contractJson.path, (_req, res) => void res.type('application/json').send(document));
  router.get(contractYaml.path, (_req, res) => void res.type('application/yaml').send(yaml));
  router.get(newestCheckpoint.path, async (_req, res) => {
    sendCheckpoint(res, await publishedCheckpoint(parts, parts.ledger.logId));
  });
  return router;
}
