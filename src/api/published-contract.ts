// The addresses of the service itself: health, the contract, and the ledger's newest checkpoint.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';

const health = z
  .strictObject({
    status: z.enum(['up', 'down']),
    reason: z.string().optional(),
    warning: z.string().optional(),
  })
  .meta({ id: 'Health' });
const json = (schema: z.ZodType) => ({ contentType: 'application/json', schema });
const get = (path: string, operationId: string, summary: string) =>
  ({ method: 'get', path, operationId, tag: 'Service', summary, security: 'none' }) as const;

export const liveness = {
  ...get('/health/live', 'live', 'Whether the process runs'),
  responses: { 200: { description: 'It does', body: json(health) } },
} as const satisfies RouteContract;

export const readiness = {
  ...get('/health/ready', 'ready', 'Whether readings can be released now'),
  responses: {
    200: { description: 'They can', body: json(health) },
    503: { description: 'They cannot, and why', body: json(health) },
  },
} as const satisfies RouteContract;

export const contractJson = {
  ...get('/openapi.json', 'openapiJson', 'This contract as JSON'),
  responses: { 200: { description: 'OpenAPI 3.1', body: json(z.looseObject({})) } },
} as const satisfies RouteContract;

export const contractYaml = {
  ...get('/openapi.yaml', 'openapiYaml', 'This contract as YAML'),
  responses: {
    200: { description: 'OpenAPI 3.1', body: { contentType: 'application/yaml', schema: z.string() } },
  },
} as const satisfies RouteContract;

export const newestCheckpoint = {
  method: 'get',
  path: '/ledger/checkpoint',
  operationId: 'ledgerCheckpoint',
  tag: 'Ledger',
  summary:
    'The newest signed checkpoint of the ledger (C2SP tlog-checkpoint); where there are witnesses, the newest that enough of them cosigned',
  security: 'none',
  responses: {
    200: { description: 'A signed note', body: { contentType: 'text/plain', schema: z.string() } },
  },
  errors: ['not_found', 'database_unavailable'],
} as const satisfies RouteContract;
