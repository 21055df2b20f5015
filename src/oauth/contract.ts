// The OAuth endpoints as the outside sees them: the schemas of requests and answers that openapi.yaml is made from.
// Validation itself is the endpoints' own, because RFC 6749 wants an error code of its own for each fault.
import { z } from 'zod';
import { meterReadingsDetail } from './authorization-detail.ts';

const text = (description: string) => z.string().meta({ description });

const clientAuthentication = {
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer'),
  client_assertion: text(
    'A JWT signed with a registered key; `aud` is exactly the issuer, `jti` is used once.',
  ),
  client_id: text('If sent, the `sub` of the assertion.').optional(),
};

const dpopHeader = z.object({ DPoP: text('A DPoP proof (RFC 9449), made for this request.') });

export const oauthErrorBody = z
  .object({ error: text('RFC 6749 section 5.2, and where errors say so'), error_description: z.string() })
  .meta({ id: 'OauthError' });

export const pushedRequestBody = z
  .object({
    ...clientAuthentication,
    response_type: z.literal('code'),
    redirect_uri: text('One that is registered, letter for letter.'),
    code_challenge: text('PKCE: base64url of the SHA-256 of the verifier.'),
    code_challenge_method: z.literal('S256'),
    state: text('Comes back unchanged.').max(2000).optional(),
    dpop_jkt: text('Binds the code to a key (RFC 9449 section 10).').optional(),
    authorization_details: text('A JSON array of exactly one `MeterReadingsDetail`.'),
  })
  .meta({ id: 'PushedAuthorizationRequest' });

export const pushedAnswer = z
  .object({ request_uri: z.string(), expires_in: z.int() })
  .meta({ id: 'PushedAuthorizationAnswer' });

export const tokenBody = z
  .object({
    ...clientAuthentication,
    grant_type: z.enum(['authorization_code', 'refresh_token']),
    code: text('With authorization_code.').optional(),
    redirect_uri: text('With authorization_code: the one that was pushed.').optional(),
    code_verifier: text('With authorization_code: PKCE.').optional(),
    refresh_token: text('With refresh_token; it does not rotate.').optional(),
  })
  .meta({ id: 'TokenRequest' });

export const requestedDetail = meterReadingsDetail.meta({ id: 'MeterReadingsDetail' });

export const tokenAnswer = z
  .object({
    access_token: text('An at+jwt (RFC 9068), bound to the key of the proof.'),
    token_type: z.literal('DPoP'),
    expires_in: z.int().max(300),
    refresh_token: text('With authorization_code. It ends with the consent.').optional(),
    grant_id: z.string(),
    consent_id: z.string(),
    meter_points: z.array(z.string()).meta({ description: 'Ids to read by, different for each consent.' }),
    authorization_details: z
      .array(z.looseObject({ type: z.string() }))
      .meta({ description: 'What was granted.' }),
  })
  .meta({ id: 'TokenAnswer' });

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
const form = (schema: z.ZodType) => ({ 'application/x-www-form-urlencoded': { schema } });
const refused = (description: string) => ({ description, content: json(oauthErrorBody) });
const document = (description: string) => ({ description, content: json(z.looseObject({})) });

const formErrors = {
  400: refused('The request is refused; `error` says why'),
  401: refused('The client assertion is not valid'),
  413: refused('The body is larger than 64 kB'),
  503: refused('Nothing can be issued now'),
};

/** One object an operation, with the parts that an OpenAPI operation has. */
export const oauthContract = [
  {
    method: 'post',
    path: '/oauth/par',
    summary: 'Push an authorization request (RFC 9126)',
    request: { header: dpopHeader.partial(), content: form(pushedRequestBody) },
    responses: { 201: { description: 'Pushed', content: json(pushedAnswer) }, ...formErrors },
  },
  {
    method: 'post',
    path: '/oauth/token',
    summary: 'Redeem a code or a refresh token for an access token (RFC 6749)',
    request: { header: dpopHeader, content: form(tokenBody) },
    responses: { 200: { description: 'Issued', content: json(tokenAnswer) }, ...formErrors },
  },
  {
    method: 'get',
    path: '/.well-known/oauth-authorization-server',
    summary: 'Metadata of the authorization server (RFC 8414)',
    responses: { 200: document('Metadata') },
  },
  {
    method: 'get',
    path: '/.well-known/openid-configuration',
    summary: 'The same document, for clients that look here',
    responses: { 200: document('Metadata') },
  },
  {
    method: 'get',
    path: '/.well-known/oauth-protected-resource',
    summary: 'Metadata of the data API (RFC 9728)',
    responses: { 200: document('Metadata') },
  },
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    summary: 'The public keys of access tokens (RFC 7517)',
    responses: { 200: document('A JWK set') },
  },
] as const;
