// Introspection and revocation as the outside sees them.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { clientAuthentication, formErrors, json, text } from './contract-parts.ts';
import { grantedDetailContract } from './token-contract.ts';

const presentedForm = z
  .object({
    ...clientAuthentication,
    token: text('An access token or a refresh token of yours.'),
    token_type_hint: text('Not needed: the two look different.').optional(),
  })
  .meta({ id: 'PresentedToken' });

const introspection = z
  .object({
    active: z.boolean(),
    client_id: z.string().optional(),
    sub: text('The consent, or the client in its own name.').optional(),
    token_type: z.literal('DPoP').optional(),
    cnf: z.object({ jkt: z.string() }).optional(),
    exp: z.int().optional(),
    scope: z.string().optional(),
    grant_id: z.string().optional(),
    authorization_details: z.array(grantedDetailContract).optional(),
  })
  .loose()
  .meta({
    id: 'Introspection',
    description: 'Of a token that does not stand: `active` false, and nothing else.',
  });

export const introspectToken = {
  method: 'post',
  path: '/oauth/introspect',
  operationId: 'introspectToken',
  tag: 'OAuth',
  summary: 'Whether a token of yours stands at this moment, and what it is for (RFC 7662)',
  description: 'With `Accept: application/token-introspection+jwt` the answer is signed (RFC 9701).',
  security: 'client',
  body: { contentType: 'application/x-www-form-urlencoded', schema: presentedForm },
  responses: { 200: json('Looked at', introspection), ...formErrors },
} as const satisfies RouteContract;

export const revokeToken = {
  method: 'post',
  path: '/oauth/revoke',
  operationId: 'revokeToken',
  tag: 'OAuth',
  summary: 'Make a token of yours worthless at once (RFC 7009)',
  description: 'A refresh token takes every token of its grant with it. The consent stays as it is.',
  security: 'client',
  body: { contentType: 'application/x-www-form-urlencoded', schema: presentedForm },
  responses: { 200: { description: 'It is worthless, or was no token of yours' }, ...formErrors },
} as const satisfies RouteContract;
