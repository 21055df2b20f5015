// The OAuth endpoints as the outside sees them: what openapi.yaml is made from.
// Validation itself is the endpoints' own, because RFC 6749 wants an error code of its own for each fault.
import type { RouteContract } from '../http/route-contract.ts';
import { document } from './contract-parts.ts';
import { introspectToken, revokeToken } from './presented-token-contract.ts';
import { pushAuthorizationRequest } from './pushed-request-contract.ts';
import { registerClient } from './register-contract.ts';
import { requestToken } from './token-contract.ts';

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
