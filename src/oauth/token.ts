// The token endpoint: an access token is issued only by a ledger entry that says so. The same transaction spends the code,
// keeps the refresh token, and asks whether consent and third party still stand: all of it, or nothing.
import type { Database } from '../db/database.ts';
import { type Guard, GuardRefused } from '../ledger/ledger.ts';
import { type AccessParts, newTokenTimes } from './access-token.ts';
import type { GrantedDetail } from './authorization-detail.ts';
import { type Caller, identifyCaller, type OauthRequest } from './caller.ts';
import type { ClientAuthParts } from './client-auth.ts';
import { type ClientTokenAnswer, issueClientToken } from './client-credentials.ts';
import { newSecret, sha256 } from './digest.ts';
import type { DpopProof } from './dpop.ts';
import type { DpopNonces } from './dpop-nonce.ts';
import {
  invalidDpopProof,
  invalidGrant,
  invalidRequest,
  invalidTarget,
  type OauthError,
  scopeNotGranted,
  unauthorizedClient,
  unsupportedGrantType,
} from './errors.ts';
import { type GrantedConsent, grantedConsentOf } from './granted-consent.ts';
import { type GrantParts, revokeGrant } from './grants.ts';
import { issueAccessToken } from './issue-token.ts';
import { endpointsOf, resourceOf } from './metadata.ts';
import { narrowDetail } from './narrow-detail.ts';
import type { Parameters } from './parameters.ts';
import { type EarlyLookup, lookUpEarly, type Redemption, readCode, readRefreshToken } from './redemption.ts';

export interface TokenParts extends ClientAuthParts, AccessParts, GrantParts {
  /** Null where proofs need no nonce. */
  readonly dpopNonces: DpopNonces | null;
  readonly db: Database;
}

export interface GrantTokenAnswer {
  readonly access_token: string;
  readonly token_type: 'DPoP';
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly grant_id: string;
  readonly scope?: string;
  readonly authorization_details: readonly GrantedDetail[];
}

export type TokenAnswer = GrantTokenAnswer | ClientTokenAnswer;

/** Throws OauthError, or StabledoorError `ledger_unavailable`: then nothing was issued. */
export async function issueToken(parts: TokenParts, request: OauthRequest): Promise<TokenAnswer> {
  const { parameters } = request;
  const early = lookUpEarly(parts.lookups, parameters);
  const caller = await identifyCaller(parts, request, endpointsOf(parts.issuer).token);
  refuseOtherForms(parameters, parts.issuer);
  const { proof } = caller;
  if (!proof) throw missingProof(parameters);
  if (parameters.grant_type === 'client_credentials')
    return await issueClientToken(parts, caller, proof, parameters);
  return await issueFromGrant(parts, caller, proof, { parameters, early });
}

async function issueFromGrant(
  parts: TokenParts,
  caller: Caller,
  proof: DpopProof,
  asked: Asked,
): Promise<GrantTokenAnswer> {
  const { parameters } = asked;
  const redemption = await redeem(caller, proof, asked);
  const consent = grantedConsentOf(redemption.consent, parts.clock);
  if (!consent) throw invalidGrant('the consent is unknown');
  if (redemption.isReuse) throw await revokeReused(parts, redemption, consent);
  if (parameters.scope !== undefined && parameters.scope !== redemption.grant.scope) throw scopeNotGranted();
  if (!consent.inForce) throw invalidGrant('the consent is over');
  const detail = narrowDetail(consent.detail, parameters.authorization_details);
  return await issueWithEntry(parts, { redemption, consent, proof, detail });
}

/** RFC 9449 has no code for a proof that is not there. For a refresh the certification suite takes the general one alone. */
function missingProof({ grant_type }: Parameters): OauthError {
  const description = 'the DPoP header is missing';
  return grant_type === 'refresh_token' ? invalidRequest(description) : invalidDpopProof(description);
}

function refuseOtherForms(parameters: Parameters, issuer: string): void {
  if (parameters.grant_type === undefined) throw invalidRequest('grant_type is missing');
  if (parameters.resource !== undefined && parameters.resource !== resourceOf(issuer))
    throw invalidTarget(resourceOf(issuer));
}

interface Asked {
  readonly parameters: Parameters;
  readonly early: EarlyLookup;
}

function redeem(
  { thirdParty: { clientId } }: Caller,
  proof: DpopProof,
  { parameters, early }: Asked,
): Promise<Redemption> {
  if (parameters.grant_type === 'authorization_code') return readCode(early, clientId, proof, parameters);
  if (parameters.grant_type === 'refresh_token') return readRefreshToken(early, clientId, parameters);
  throw unsupportedGrantType();
}

interface Issue {
  readonly redemption: Redemption;
  readonly consent: GrantedConsent;
  readonly proof: DpopProof;
  /** What this token is for: the whole of the grant, or less. */
  readonly detail: GrantedDetail;
}

async function issueWithEntry(parts: TokenParts, issue: Issue): Promise<GrantTokenAnswer> {
  const { redemption, consent, proof, detail } = issue;
  const { grant, codeHash } = redemption;
  const times = newTokenTimes(parts.clock, consent.expiresS);
  if (times.expiresS <= times.issuedS) throw invalidGrant('the consent is over');
  const refreshToken = codeHash === null ? undefined : newSecret();
  const content = {
    kind: 'consent' as const,
    clientId: grant.clientId,
    consentId: grant.consentId,
    grantId: grant.grantId,
    jkt: proof.jkt,
    scope: grant.scope,
    detail,
  };
  const entry = {
    kind: 'token.issued',
    actor: 'third-party',
    third_party: grant.clientId,
    consent_ref: grant.consentId,
    jkt: proof.jkt,
    token: times.jti,
    expires_s: times.expiresS,
  } as const;
  const token = await issueAccessToken(parts, {
    ...{ content, times, entry, householdId: consent.householdId },
    guards: guardsOf(redemption, refreshToken),
  }).catch(async (error: unknown) => {
    throw error instanceof GuardRefused ? await refusal(parts, error.reason, redemption, consent) : error;
  });
  return {
    access_token: token,
    token_type: 'DPoP',
    expires_in: times.expiresS - times.issuedS,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    grant_id: grant.grantId,
    ...(grant.scope === null ? {} : { scope: grant.scope }),
    authorization_details: [detail],
  };
}

function guardsOf({ grant, codeHash }: Redemption, refreshToken: string | undefined): Guard[] {
  const guards: Guard[] = [
    { name: 'grant-in-force', args: { grant_id: grant.grantId, consent_id: grant.consentId } },
    { name: 'third-party-active', args: { client_id: grant.clientId } },
  ];
  if (codeHash === null || refreshToken === undefined) return guards;
  const hashes = {
    code_hash: codeHash.toString('base64'),
    refresh_hash: sha256(refreshToken).toString('base64'),
  };
  return [...guards, { name: 'code-unspent', args: hashes }];
}

async function refusal(
  parts: TokenParts,
  reason: string,
  redemption: Redemption,
  consent: GrantedConsent,
): Promise<OauthError> {
  if (reason === 'invalid_grant') return await revokeReused(parts, redemption, consent);
  if (reason === 'third_party_suspended') return unauthorizedClient('this third party is suspended');
  return invalidGrant('the consent is over');
}

/** RFC 6749 section 4.1.2: what the first use issued is dead, and committed so, before the second one is answered. */
async function revokeReused(
  parts: TokenParts,
  { grant }: Redemption,
  consent: GrantedConsent,
): Promise<OauthError> {
  await revokeGrant(parts, grant, consent.householdId, { reason: 'code_reused', actor: 'broker' });
  return invalidGrant('the code was used before: everything it gave is revoked');
}
