// The endpoint of pushed requests as the outside sees it.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { clientAuthentication, formErrors, json, text } from './contract-parts.ts';

const pushedRequestForm = z
  .object({
    ...clientAuthentication,
    response_type: z.literal('code'),
    redirect_uri: text('One that is registered, letter for letter.'),
    code_challenge: text('PKCE: base64url of the SHA-256 of the verifier.'),
    code_challenge_method: z.literal('S256'),
    state: text('Comes back unchanged.').max(2000).optional(),
    dpop_jkt: text('Binds the code to a key (RFC 9449 section 10).').optional(),
    grant_management_action: z.enum(['create', 'replace']).optional().meta({
      description:
        '`replace` puts what is given now in the place of a grant (Grant Management for OAuth 2.0).',
    }),
    grant_id: text('With `replace`: a grant of yours that is in force.').optional(),
    scope: text(
      'One of `readings:<purpose>`, in place of `authorization_details` or beside one for the same purpose: electricity bought, month by month, for the months within the last twelve and the next three, or less where the purpose may have less.',
    ).optional(),
    authorization_details: text(
      'A JSON array (RFC 9396) of exactly one object: `type` `meter_readings`, `purpose`, `fuels`, `registers`, `resolution`, `from`, `until`, and where wanted `note` and `once`. Any other field is refused.',
    ).optional(),
  })
  .meta({
    id: 'PushedAuthorizationRequest',
    examples: [
      {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: 'eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0…',
        response_type: 'code',
        redirect_uri: 'https://third-party.example/callback',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        authorization_details:
          '[{"type":"meter_readings","purpose":"energy-advice","fuels":["electricity"],"resolution":"P1D","from":"2026-01-01","until":"2026-12-01"}]',
      },
    ],
  });

const pushedAnswer = z
  .object({
    request_uri: text('For the address of the authorization page, with `client_id`.'),
    expires_in: z.int().meta({ description: 'Seconds in which the page must be opened.' }),
  })
  .meta({ id: 'PushedAuthorizationAnswer' });

export const pushAuthorizationRequest = {
  method: 'post',
  path: '/oauth/par',
  operationId: 'pushAuthorizationRequest',
  tag: 'OAuth',
  summary: 'Push an authorization request (RFC 9126)',
  description: 'A `DPoP` header, if sent, binds the code to its key.',
  security: 'client',
  body: { contentType: 'application/x-www-form-urlencoded', schema: pushedRequestForm },
  responses: { 201: json('Pushed', pushedAnswer), ...formErrors },
} as const satisfies RouteContract;
