// Registration by a program as the outside sees it.
import type { RouteContract } from '../http/route-contract.ts';
import { document, json, oauthError, text } from './contract-parts.ts';
import { clientMetadata } from './register.ts';

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

export const registerClient = {
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
