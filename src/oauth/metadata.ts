// What the outside is told about this authorization server and its data API (RFC 8414, RFC 9728), made from the issuer.
// Only what works is listed: a client configures itself from this.
import { signingAlgorithms } from '../registry/jwks.ts';
import { detailTypes } from '../registry/third-party.ts';
import { grantManagementActions } from './grant-management.ts';
import { purposeScopes } from './purpose-scope.ts';
import { scopes } from './scopes.ts';

export interface Endpoints {
  readonly authorization: string;
  readonly pushedRequest: string;
  readonly token: string;
  readonly introspection: string;
  readonly revocation: string;
  readonly grants: string;
  readonly registration: string;
  readonly jwks: string;
  readonly resourceMetadata: string;
}

export const endpointsOf = (issuer: string): Endpoints => ({
  authorization: `${issuer}/authorize`,
  pushedRequest: `${issuer}/oauth/par`,
  token: `${issuer}/oauth/token`,
  introspection: `${issuer}/oauth/introspect`,
  revocation: `${issuer}/oauth/revoke`,
  grants: `${issuer}/grants`,
  registration: `${issuer}/oauth/register`,
  jwks: `${issuer}/.well-known/jwks.json`,
  resourceMetadata: wellKnown(issuer, 'oauth-protected-resource'),
});

/** The well-known part stands between host and path (RFC 8414 section 3.1, RFC 9728 section 3.1). */
export function wellKnown(issuer: string, name: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/${name}${pathname === '/' ? '' : pathname}`;
}

const clientAuthentication = (endpoint: 'token' | 'introspection' | 'revocation') => ({
  [`${endpoint}_endpoint_auth_methods_supported`]: ['private_key_jwt'],
  [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: [...signingAlgorithms],
});

export function authorizationServerMetadata(issuer: string, { registers = false } = {}) {
  const endpoints = endpointsOf(issuer);
  return {
    issuer,
    authorization_endpoint: endpoints.authorization,
    pushed_authorization_request_endpoint: endpoints.pushedRequest,
    require_pushed_authorization_requests: true,
    token_endpoint: endpoints.token,
    introspection_endpoint: endpoints.introspection,
    revocation_endpoint: endpoints.revocation,
    grant_management_endpoint: endpoints.grants,
    grant_management_actions_supported: [...grantManagementActions],
    grant_management_action_required: false,
    ...(registers ? { registration_endpoint: endpoints.registration } : {}),
    jwks_uri: endpoints.jwks,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    scopes_supported: [...scopes, ...purposeScopes],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    code_challenge_methods_supported: ['S256'],
    ...clientAuthentication('token'),
    // Left out, these two would mean client_secret_basic (RFC 8414 section 2).
    ...clientAuthentication('introspection'),
    ...clientAuthentication('revocation'),
    introspection_signing_alg_values_supported: ['ES256'],
    // No ID token is made here, and `openid` is no scope. OpenID Connect Discovery section 3 requires the member where this
    // document is read by its name, and the certification suite asks for it under either.
    id_token_signing_alg_values_supported: ['ES256'],
    dpop_signing_alg_values_supported: [...signingAlgorithms],
    authorization_response_iss_parameter_supported: true,
    authorization_details_types_supported: [...detailTypes],
    protected_resources: [resourceOf(issuer)],
    service_documentation: `${issuer}/developers`,
  };
}

/** The identifier of the data API, the `aud` of every access token. */
export const resourceOf = (issuer: string): string => issuer;

export const protectedResourceMetadata = (issuer: string) => ({
  resource: resourceOf(issuer),
  authorization_servers: [issuer],
  scopes_supported: [...scopes, ...purposeScopes],
  bearer_methods_supported: ['header'],
  dpop_bound_access_tokens_required: true,
  dpop_signing_alg_values_supported: [...signingAlgorithms],
  authorization_details_types_supported: [...detailTypes],
  resource_documentation: `${issuer}/developers`,
});
