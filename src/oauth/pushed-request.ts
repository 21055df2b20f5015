// Pushed authorization requests (RFC 9126): the one way to ask, checked in full before a householder sees any of it.
import { findReach } from '../registry/registry-store.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import { type Caller, identifyCaller, type OauthRequest } from './caller.ts';
import type { ClientAuthParts } from './client-auth.ts';
import { newSecret, sha256 } from './digest.ts';
import { invalidRequest, invalidTarget, unsupportedResponseType } from './errors.ts';
import { readReplacedGrant } from './grant-management.ts';
import { endpointsOf, resourceOf } from './metadata.ts';
import type { Parameters } from './parameters.ts';
import { readAsked } from './purpose-scope.ts';
import { insertPushedRequest } from './request-store.ts';

/** Until the page is opened; from then on the consent session counts. FAPI 2.0 wants less than 600. */
export const requestLifetimeSeconds = 90;
const requestUriPrefix = 'urn:ietf:params:oauth:request_uri:';
const longestState = 2000;

export interface PushedAnswer {
  readonly request_uri: string;
  readonly expires_in: number;
}

/** Throws OauthError. */
export async function pushAuthorizationRequest(
  parts: ClientAuthParts,
  request: OauthRequest,
): Promise<PushedAnswer> {
  const { parameters } = request;
  const caller = await identifyCaller(parts, request, endpointsOf(parts.issuer).pushedRequest);
  refuseOtherForms(parameters, parts.issuer);
  const redirectUri = registeredRedirectUri(parameters, caller.thirdParty);
  const codeChallenge = s256Challenge(parameters);
  const dpopJkt = boundKey(parameters, caller);
  const reach = await findReach(parts.db, caller.thirdParty);
  const { detail, scope } = readAsked(parameters, caller.thirdParty, reach, parts.clock);
  const replacesGrant = await readReplacedGrant(parts, caller.thirdParty.clientId, parameters);
  const secret = newSecret();
  await insertPushedRequest(
    parts.db,
    {
      requestHash: sha256(secret),
      clientId: caller.thirdParty.clientId,
      redirectUri,
      state: parameters.state ?? null,
      codeChallenge,
      dpopJkt,
      detail,
      scope,
      replacesGrant,
    },
    requestLifetimeSeconds,
  );
  return { request_uri: requestUriPrefix + secret, expires_in: requestLifetimeSeconds };
}

/** Null for anything that is not a request_uri of ours. */
export const requestHashOf = (requestUri: string): Buffer | null =>
  /^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}$/.test(requestUri)
    ? sha256(requestUri.slice(requestUriPrefix.length))
    : null;

function refuseOtherForms(parameters: Parameters, issuer: string): void {
  if (parameters.request_uri !== undefined) throw invalidRequest('request_uri is not sent to this endpoint');
  if (parameters.request !== undefined)
    throw invalidRequest('request objects are not taken: send the parameters');
  if (parameters.response_type === undefined) throw invalidRequest('response_type is missing');
  if (parameters.response_type !== 'code') throw unsupportedResponseType();
  if (parameters.response_mode !== undefined && parameters.response_mode !== 'query')
    throw invalidRequest('the one response_mode here is query');
  if (parameters.resource !== undefined && parameters.resource !== resourceOf(issuer))
    throw invalidTarget(resourceOf(issuer));
  if ((parameters.state?.length ?? 0) > longestState)
    throw invalidRequest(`state has at most ${longestState} characters`);
}

function registeredRedirectUri({ redirect_uri }: Parameters, thirdParty: ThirdParty): string {
  if (redirect_uri === undefined) throw invalidRequest('redirect_uri is missing');
  if (!thirdParty.redirectUris.includes(redirect_uri))
    throw invalidRequest('redirect_uri is not one that is registered, letter for letter');
  return redirect_uri;
}

function s256Challenge({ code_challenge, code_challenge_method }: Parameters): string {
  if (code_challenge === undefined) throw invalidRequest('code_challenge is missing');
  if (code_challenge_method !== 'S256') throw invalidRequest('code_challenge_method is S256');
  if (!/^[A-Za-z0-9_-]{43}$/.test(code_challenge))
    throw invalidRequest('code_challenge is the base64url of a SHA-256, 43 characters');
  return code_challenge;
}

/** RFC 9449 section 10: by parameter, by a proof sent along, or by both if they agree. */
function boundKey({ dpop_jkt }: Parameters, { proof }: Caller): string | null {
  if (dpop_jkt !== undefined && !/^[A-Za-z0-9_-]{43}$/.test(dpop_jkt))
    throw invalidRequest('dpop_jkt is a JWK SHA-256 thumbprint');
  if (proof && dpop_jkt !== undefined && proof.jkt !== dpop_jkt)
    throw invalidRequest('dpop_jkt is not the key of the DPoP proof');
  return dpop_jkt ?? proof?.jkt ?? null;
}
