// The OAuth endpoints as the outside sees them: what openapi.yaml is made from.
// Validation itself is the endpoints' own, because RFC 6749 wants an error code of its own for each fault.
import { z } from 'zod';
import type { RouteContract } from '../http/route-contract.ts';
import { purposes, registers } from '../policy/request.ts';
import { resolutions } from '../registry/purposes.ts';
import { fuels } from './authorization-detail.ts';
import { clientMetadata } from './register.ts';
import { scopes } from './scopes.ts';

const text = (description: string) => z.string().meta({ description });

const clientAuthentication = {
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer'),
  client_assertion: text(
    'A JWT signed with a registered key; `aud` is exactly the issuer, `jti` is used once.',
  ),
  client_id: text('If sent, the `sub` of the assertion.').optional(),
};

const oauthError = z
  .object({
    error: text('As RFC 6749, 9126, 9396 and 9449 name it.'),
    error_description: text('What is wrong, in words.'),
  })
  .meta({ id: 'OauthError' });

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
    authorization_details: text(
      'A JSON array (RFC 9396) of exactly one object: `type` `meter_readings`, `purpose`, `fuels`, `registers`, `resolution`, `from`, `until`, and where wanted `note` and `once`. Any other field is refused.',
    ),
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

const tokenForm = z
  .object({
    ...clientAuthentication,
    grant_type: z.enum(['authorization_code', 'refresh_token', 'client_credentials']),
    code: text('With `authorization_code`; it works once, for 60 seconds.').optional(),
    redirect_uri: text('With `authorization_code`: the one that was pushed.').optional(),
    code_verifier: text('With `authorization_code`: PKCE.').optional(),
    refresh_token: text('With `refresh_token`; it does not rotate.').optional(),
    scope: text(`With \`client_credentials\`: of ${scopes.join(', ')}.`).optional(),
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
    scope: text('What the token is for, with `client_credentials`.').optional(),
  })
  .meta({ id: 'TokenAnswer' });

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

const json = (description: string, schema: z.ZodType) => ({
  description,
  body: { contentType: 'application/json', schema },
});
const document = (description: string) => json(description, z.looseObject({}));

const formErrors = {
  400: json('The request is refused; `error` says why', oauthError),
  401: json('The client assertion is not valid', oauthError),
  413: json('The body is larger than 64 kB', oauthError),
  429: json('Too often: wait as long as `Retry-After` says', oauthError),
  503: json('Nothing can be issued now', oauthError),
};

const pushAuthorizationRequest = {
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

const requestToken = {
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

const introspectToken = {
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

const revokeToken = {
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

const registration = clientMetadata
  .extend({
    software_statement: text(
      'Who vouches for you; needed in production, where all else is taken from it.',
    ).optional(),
  })
  .meta({
    id: 'ClientMetadata',
    description: 'RFC 7591; `class`, `purposes` and `registration_number` are ours.',
  });

const registerClient = {
  method: 'post',
  path: '/oauth/register',
  operationId: 'registerClient',
  tag: 'OAuth',
  summary: 'Register yourself (RFC 7591)',
  description:
    'Open in a sandbox. In production only with a software statement of an issuer that the operator named.',
  security: 'none',
  body: { contentType: 'application/json', schema: registration },
  responses: {
    201: document('Registered: what was sent, with a `client_id`'),
    400: json(
      '`invalid_client_metadata`, `invalid_redirect_uri`, `invalid_software_statement`, `unapproved_software_statement`',
      oauthError,
    ),
    413: json('The body is larger than 64 kB', oauthError),
    429: json('Too often: wait as long as `Retry-After` says', oauthError),
    503: json('Nobody can be registered now', oauthError),
  },
} as const satisfies RouteContract;

const publicDocument = (name: string, operationId: string, summary: string) =>
  ({
    method: 'get',
    path: `/.well-known/${name}`,
    operationId,
    tag: 'OAuth',
    summary,
    security: 'none',
    responses: { 200: document(summary) },
  }) as const satisfies RouteContract;

export const oauthContracts: readonly RouteContract[] = [
  pushAuthorizationRequest,
  requestToken,
  introspectToken,
  revokeToken,
  registerClient,
  publicDocument('oauth-authorization-server', 'authorizationServerMetadata', 'Server metadata (RFC 8414)'),
  publicDocument('openid-configuration', 'openidConfiguration', 'Server metadata, where OpenID clients look'),
  publicDocument('oauth-protected-resource', 'protectedResourceMetadata', 'Resource metadata (RFC 9728)'),
  publicDocument('jwks.json', 'signingKeys', 'The public keys of access tokens (RFC 7517)'),
];
