// The token endpoint as the outside sees it, and what a grant says of itself wherever it is shown.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { purposes, registers } from '../policy/request.ts';
import { resolutions } from '../registry/purposes.ts';
import { fuels } from './authorization-detail.ts';
import { clientAuthentication, formErrors, json, text } from './contract-parts.ts';
import { scopes } from './scopes.ts';

const tokenForm = z
  .object({
    ...clientAuthentication,
    grant_type: z.enum(['authorization_code', 'refresh_token', 'client_credentials']),
    code: text('With `authorization_code`; it works once, for 60 seconds.').optional(),
    redirect_uri: text('With `authorization_code`: the one that was pushed.').optional(),
    code_verifier: text('With `authorization_code`: PKCE.').optional(),
    refresh_token: text('With `refresh_token`; it does not rotate.').optional(),
    scope: text(
      `With \`client_credentials\`: of ${scopes.join(', ')}. With a code or a refresh token: the one that was pushed, or none.`,
    ).optional(),
    authorization_details: text(
      'A JSON array of one object with `type` and whatever shall be less than was granted (RFC 9396 section 6).',
    ).optional(),
  })
  .meta({ id: 'TokenRequest' });

export const grantedDetailContract = z
  .object({
    type: z.literal('meter_readings'),
    purpose: z.enum(purposes),
    fuels: z.array(z.enum(fuels)),
    registers: z.array(z.enum(registers)),
    resolution: z.enum(resolutions),
    from: text('First local day.'),
    until: text('First local day that is not shared.'),
    once: z.boolean().optional(),
    consent_id: z.string(),
    meter_points: z.array(z.string()).meta({ description: 'Ids to read by, different for each consent.' }),
  })
  .meta({ id: 'GrantedMeterReadings' });

const tokenAnswer = z
  .object({
    access_token: text('An at+jwt (RFC 9068), bound to the key of the proof.'),
    token_type: z.literal('DPoP'),
    expires_in: z.int().max(300),
    refresh_token: text('With `authorization_code`. It ends with the consent.').optional(),
    grant_id: text('Of what a consent gave.').optional(),
    authorization_details: z
      .array(grantedDetailContract)
      .length(1)
      .optional()
      .meta({ description: 'What the token is for, where a consent gave it.' }),
    scope: text(
      'What the token is for, with `client_credentials`; otherwise the scope that was pushed, if one was.',
    ).optional(),
  })
  .meta({ id: 'TokenAnswer' });

export const requestToken = {
  method: 'post',
  path: '/oauth/token',
  operationId: 'requestToken',
  tag: 'OAuth',
  summary: 'Redeem a code or a refresh token for an access token, or get one in your own name (RFC 6749)',
  description:
    'Needs a `DPoP` header: a proof (RFC 9449) made for this request, whose key the token is bound to.',
  security: 'client',
  body: { contentType: 'application/x-www-form-urlencoded', schema: tokenForm },
  responses: { 200: json('Issued', tokenAnswer), ...formErrors },
} as const satisfies RouteContract;
