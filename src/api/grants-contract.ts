// Grant Management for OAuth 2.0: look at a grant, or give it back.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { grantedDetailContract } from '../oauth/token-contract.ts';

const params = z.object({ grant: z.string().meta({ description: 'The `grant_id` of a token response' }) });

const grant = z
  .strictObject({
    grant_id: z.string(),
    created_at: z.string(),
    last_updated_at: z.string().meta({ description: 'When it was replaced last' }),
    expires_at: z.string().meta({ description: 'When its consent ends by itself' }),
    scopes: z
      .array(z.strictObject({ scope: z.string() }))
      .length(1)
      .optional()
      .meta({ description: 'The scope that it was asked by, if by one' }),
    authorization_details: z.array(grantedDetailContract).length(1),
  })
  .meta({ id: 'Grant', description: 'No token is ever in it.' });

const refusals = [
  'invalid_token',
  'invalid_dpop_proof',
  'insufficient_scope',
  'grant_unknown',
  'database_unavailable',
  'too_many_proofs',
] as const;

export const showGrant = {
  method: 'get',
  path: '/grants/{grant}',
  operationId: 'showGrant',
  tag: 'OAuth',
  summary: 'What one of your grants is for',
  description: 'With a token in your own name that has the scope `grant_management_query`.',
  security: 'dpop',
  params,
  responses: {
    200: { description: 'The grant', body: { contentType: 'application/json', schema: grant } },
  },
  errors: refusals,
} as const satisfies RouteContract;

export const giveBackGrant = {
  method: 'delete',
  path: '/grants/{grant}',
  operationId: 'revokeGrant',
  tag: 'OAuth',
  summary: 'Give a grant back: its tokens are dead, and its consent is over',
  description: 'With a token in your own name that has the scope `grant_management_revoke`.',
  security: 'dpop',
  params,
  responses: { 204: { description: 'It is over' } },
  errors: [...refusals, 'illegal_transition', 'ledger_unavailable'],
} as const satisfies RouteContract;
