// Every error the OAuth endpoints can answer with, each with where it is defined, in the form of RFC 6749 section 5.2.
// Errors of the data API are StabledoorErrors with a challenge (RFC 9449 section 7.1), made at the end of this file.
import type { ErrorCode } from '../lib/error-catalogue.ts';
import { StabledoorError } from '../lib/errors.ts';
import { signingAlgorithms } from '../registry/jwks.ts';

export class OauthError extends Error {
  readonly error: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    error: string,
    status: number,
    description: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(printable(description));
    this.name = 'OauthError';
    this.error = error;
    this.status = status;
    this.headers = headers;
  }

  toJSON(): { error: string; error_description: string } {
    return { error: this.error, error_description: this.message };
  }
}

// RFC 6749 section 5.2 allows neither quotes, backslashes nor anything outside printable ASCII.
const printable = (text: string): string =>
  text
    .replaceAll(/["\\]/g, "'")
    .replaceAll(/[^\x20-\x7e]/g, ' ')
    .slice(0, 300);

/** RFC 6749 section 5.2; also for what PAR refuses (RFC 9126 section 2.3). */
export const invalidRequest = (description: string) => new OauthError('invalid_request', 400, description);

/** RFC 9126 section 2.3: the body is larger than we take. */
export const requestTooLarge = () => new OauthError('invalid_request', 413, 'the body is larger than 64 kB');

/** RFC 6749 section 5.2. One text for every cause: it must not tell a stranger which third parties exist. */
export const invalidClient = () =>
  new OauthError(
    'invalid_client',
    401,
    'the client assertion is not valid: it is signed with a registered key, its aud is exactly the issuer, and it is used once',
  );

/** RFC 6749 sections 4.1.2.1 and 5.2: known, but not allowed to do this. */
export const unauthorizedClient = (description: string) =>
  new OauthError('unauthorized_client', 400, description);

/** RFC 6749 section 5.2. */
export const invalidGrant = (description: string) => new OauthError('invalid_grant', 400, description);

/** RFC 6749 section 5.2. */
export const unsupportedGrantType = () =>
  new OauthError(
    'unsupported_grant_type',
    400,
    'the grant types here are authorization_code, refresh_token and client_credentials',
  );

/** RFC 6749 section 4.1.2.1. */
export const unsupportedResponseType = () =>
  new OauthError('unsupported_response_type', 400, 'the one response type here is code');

/** RFC 6749 section 5.2. */
export const invalidScope = (description: string) => new OauthError('invalid_scope', 400, description);

/** RFC 6749 section 6: no scope but the one, if any, that the householder was asked by. */
export const scopeNotGranted = () => invalidScope('the grant was not asked for by this scope');

/** RFC 9396 section 5. */
export const invalidAuthorizationDetails = (description: string) =>
  new OauthError('invalid_authorization_details', 400, description);

/** Grant Management for OAuth 2.0, section 5.4: unknown, over, or another third party's. */
export const invalidGrantId = () =>
  new OauthError('invalid_grant_id', 400, 'the grant is unknown, over, or belongs to another third party');

/** RFC 9449 section 5. */
export const invalidDpopProof = (description: string) =>
  new OauthError('invalid_dpop_proof', 400, description);

/** RFC 9449 section 8: make the proof again, with this nonce. */
export const useDpopNonce = ({ nonce, message }: { nonce: string; message: string }) =>
  new OauthError('use_dpop_nonce', 400, message, { 'DPoP-Nonce': nonce });

/** RFC 8707 section 2. */
export const invalidTarget = (resource: string) =>
  new OauthError('invalid_target', 400, `the one resource here is ${resource}`);

/** OpenID Connect Core section 3.1.2.6, used by RFC 9126 and 9101: unknown, expired, spent, or another's. */
export const invalidRequestUri = () =>
  new OauthError(
    'invalid_request_uri',
    400,
    'the request_uri is unknown, used, out of time, or belongs to another third party',
  );

/** RFC 6749 section 4.1.2.1: the ledger or the database does not answer, so nothing can be issued. */
export const temporarilyUnavailable = () =>
  new OauthError('temporarily_unavailable', 503, 'nothing can be issued now, try again later', {
    'Retry-After': '2',
  });

/** RFC 7591 section 3.2.2, for these four. */
export const invalidRedirectUri = (description: string) =>
  new OauthError('invalid_redirect_uri', 400, description);
export const invalidClientMetadata = (description: string) =>
  new OauthError('invalid_client_metadata', 400, description);
export const invalidSoftwareStatement = (description: string) =>
  new OauthError('invalid_software_statement', 400, `the software statement is refused: ${description}`);
export const unapprovedSoftwareStatement = () =>
  new OauthError('unapproved_software_statement', 400, 'statements of this issuer are not taken here');

/** RFC 9126 section 2.3: more often than is allowed. */
export const tooManyRequests = (retryAfterSeconds: number) =>
  new OauthError('temporarily_unavailable', 429, 'too many requests: wait as long as Retry-After says', {
    'Retry-After': String(retryAfterSeconds),
  });

/** RFC 6749 section 4.1.2.1: a fault of ours. */
export const serverError = () => new OauthError('server_error', 500, 'a fault of ours, try again later');

/** RFC 9126 section 2.3, RFC 9110 section 15.5.6. */
export const methodNotAllowed = (allowed: string) =>
  new OauthError('invalid_request', 405, `the method here is ${allowed}`);

const algs = signingAlgorithms.join(' ');

/** The value of WWW-Authenticate; without `error` where no token was sent at all (RFC 6750 section 3.1). */
export function dpopChallenge(
  resourceMetadataUrl: string,
  error?: 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce' | 'insufficient_scope',
): string {
  const named = error ? `error="${error}", ` : '';
  return `DPoP ${named}algs="${algs}", resource_metadata="${resourceMetadataUrl}"`;
}

/** 401 at the data API; the http layer sends `headers` as they are. */
export const accessRefused = (
  code: Extract<ErrorCode, 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce'>,
  detail: string,
  challenge: string,
  headers: Readonly<Record<string, string>> = {},
) => new StabledoorError(code, detail, {}, { 'WWW-Authenticate': challenge, ...headers });
