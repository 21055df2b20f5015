// A third party's own consents: list, look at one, give one back.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { idPattern } from '../lib/ids.ts';

export const consentParams = z.strictObject({
  consent: z.string().regex(idPattern('consent')).meta({ description: 'An id from `GET /v1/consents`' }),
});

export const consentsQuery = z.strictObject({
  cursor: z.string().regex(idPattern('consent'), 'the `next` of the page before').optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'a number from 1 to 100')
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(50),
});

const consent = z
  .strictObject({
    consent_id: z.string(),
    state: z.enum(['given', 'expired', 'ended', 'returned', 'superseded']),
    version: z.int(),
    purpose: z.string(),
    resolution: z.enum(['P1M', 'P1D', 'PT30M']),
    registers: z.array(z.string()),
    from: z.string(),
    until: z.string(),
    once: z.boolean(),
    expires_at: z.string().meta({ description: 'When it ends by itself' }),
    meter_points: z.array(z.string()),
  })
  .meta({ id: 'Consent', description: 'Who ended a consent, and why, is never said.' });

const json = (schema: z.ZodType) => ({ contentType: 'application/json', schema });
const refusals = [
  'invalid_token',
  'invalid_dpop_proof',
  'insufficient_scope',
  'database_unavailable',
  'too_many_proofs',
] as const;
const needs = (scope: string) =>
  `With a token of one of your consents, or with one in your own name (\`client_credentials\`) that has the scope \`${scope}\`.`;

export const listConsents = {
  method: 'get',
  path: '/v1/consents',
  operationId: 'listConsents',
  tag: 'Consents',
  summary: 'Your consents, oldest id first',
  description: needs('consents:read'),
  security: 'dpop',
  query: consentsQuery,
  responses: {
    200: {
      description: 'A page of them; `next` is the cursor of the next page',
      body: json(z.strictObject({ consents: z.array(consent), next: z.string().optional() })),
    },
  },
  errors: ['invalid_request', ...refusals],
} as const satisfies RouteContract;

export const showConsent = {
  method: 'get',
  path: '/v1/consents/{consent}',
  operationId: 'showConsent',
  tag: 'Consents',
  summary: 'One of your consents',
  description: needs('consents:read'),
  security: 'dpop',
  params: consentParams,
  responses: { 200: { description: 'The consent', body: json(consent) } },
  errors: ['consent_unknown', ...refusals],
} as const satisfies RouteContract;

export const giveBackConsent = {
  method: 'delete',
  path: '/v1/consents/{consent}',
  operationId: 'returnConsent',
  tag: 'Consents',
  summary: 'Give a consent back: you will not read by it again',
  description: needs('grant_management_revoke'),
  security: 'dpop',
  params: consentParams,
  responses: { 204: { description: 'It is over' } },
  errors: ['consent_unknown', 'illegal_transition', 'ledger_unavailable', ...refusals],
} as const satisfies RouteContract;
