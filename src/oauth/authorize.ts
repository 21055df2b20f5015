// From a pushed request to a code: opened by the householder's browser, answered with share or refuse, sent back by redirect.
// The request_uri is spent by the answer and not by the page, in the transaction that gives or refuses the consent (P8).
import { answerWithinSeconds } from '../consent/consent.ts';
import {
  type Consent,
  findConsent,
  giveConsent,
  refuseConsent,
  requestConsent,
} from '../consent/consents.ts';
import type { ConsentSignature } from '../consent/sign-consent.ts';
import type { ConsentChoice } from '../consent/terms.ts';
import { type AskingParty, isAskable } from '../consent/wording.ts';
import type { BrokerTransaction, Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type HouseholdId, newId, type OccupierId } from '../lib/ids.ts';
import { findThirdParty, listThirdPartiesByIds } from '../registry/registry-store.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import type { RequestedDetail } from './authorization-detail.ts';
import { newSecret, sha256 } from './digest.ts';
import { invalidRequestUri } from './errors.ts';
import {
  findGrant,
  type Grant,
  insertGrantWithCode,
  type NewCode,
  replaceGrantWithCode,
} from './grant-store.ts';
import { requestHashOf } from './pushed-request.ts';
import { openPushedRequest, type PushedRequest, spendPushedRequest } from './request-store.ts';

/** How long a householder may take, from the first opening of the page. */
export const sessionLifetimeSeconds = answerWithinSeconds;
/** FAPI 2.0 section 5.3.2.1: at most 60. */
export const codeLifetimeSeconds = 60;

export interface AuthorizeParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly issuer: string;
}

/** The two parameters of the authorization page; whatever else stands in its address is ignored. */
export interface AuthorizationAddress {
  readonly clientId: string;
  readonly requestUri: string;
}

export interface SignedInOccupier {
  readonly householdId: HouseholdId;
  readonly occupierId: OccupierId;
}

export interface OpenedAuthorization {
  readonly request: PushedRequest;
  readonly thirdParty: ThirdParty;
  readonly detail: RequestedDetail;
  /** The consent that was asked for, with the words to show; null until somebody is signed in. */
  readonly consent: Consent | null;
  /** Where to send the browser instead of showing anything: their door is shut, or there is quiet after a no. */
  readonly refusedTo: string | null;
}

/**
 * Opens the page, as often as wanted, before and after signing in. Signed in, it records `consent.requested`, once.
 * Errors: OauthError `invalid_request_uri`, to be shown and never redirected; `third_party_suspended`.
 */
export async function openAuthorization(
  parts: AuthorizeParts,
  address: AuthorizationAddress,
  occupier: SignedInOccupier | null,
): Promise<OpenedAuthorization> {
  const { request, thirdParty } = await findOpenRequest(parts, address);
  if (occupier) await replacedGrant(parts, request, occupier);
  const consent = occupier ? await askOccupier(parts, request, thirdParty, occupier) : null;
  const refusedTo = consent?.state === 'refused' ? deniedTo(parts, request) : null;
  return { request, thirdParty, detail: request.detail, consent, refusedTo };
}

export interface Approval {
  readonly choice: ConsentChoice;
  readonly signedBy: 'code' | 'passkey' | 'sandbox';
  readonly signature?: ConsentSignature | undefined;
  /** By the same occupier, for this very answer: what was read then is not read again. */
  readonly opened?: OpenedAuthorization;
}

/**
 * Gives the consent and makes the code, or neither. Returns where to send the browser, with 303.
 * Errors: OauthError `invalid_request_uri`; `invalid_request` with `problems` for a choice that does not fit;
 * `illegal_transition` if it was answered before; `third_party_suspended`; `ledger_unavailable`.
 */
export async function approveAuthorization(
  parts: AuthorizeParts,
  address: AuthorizationAddress,
  occupier: SignedInOccupier,
  approval: Approval,
): Promise<string> {
  const { request, consent } = approval.opened ?? (await openAuthorization(parts, address, occupier));
  if (consent === null || consent.state === 'refused') return deniedTo(parts, request);
  const { consentId } = consent;
  const code = newSecret();
  await giveConsent(parts, {
    consentId,
    occupierId: occupier.occupierId,
    choice: approval.choice,
    signedBy: approval.signedBy,
    signature: approval.signature,
    replaces: (await replacedGrant(parts, request, occupier))?.consentId,
    within: async (tx) => {
      await spend(tx, request);
      await grantWithCode(tx, parts.ledger.logId, request, { consentId, codeHash: sha256(code) });
    },
  });
  return redirectTo(request, { code }, parts.issuer);
}

/** Refuses the consent and spends the request. Returns where to send the browser, with 303. Errors: as for approving. */
export async function denyAuthorization(
  parts: AuthorizeParts,
  address: AuthorizationAddress,
  occupier: SignedInOccupier,
): Promise<string> {
  const { request, thirdParty } = await findOpenRequest(parts, address);
  const { consentId, state } = await askOccupier(parts, request, thirdParty, occupier);
  if (state === 'refused') return deniedTo(parts, request);
  await refuseConsent(parts, {
    consentId,
    occupierId: occupier.occupierId,
    within: (tx) => spend(tx, request),
  });
  return deniedTo(parts, request);
}

/** A no looks the same whoever gave it, and when. */
const deniedTo = ({ issuer }: AuthorizeParts, request: PushedRequest): string =>
  redirectTo(request, { error: 'access_denied' }, issuer);

async function findOpenRequest(
  { db }: AuthorizeParts,
  { clientId, requestUri }: AuthorizationAddress,
): Promise<{ request: PushedRequest; thirdParty: ThirdParty }> {
  const hash = requestHashOf(requestUri);
  const request = hash && (await openPushedRequest(db, hash, clientId, sessionLifetimeSeconds));
  const thirdParty = request && (await findThirdParty(db, request.clientId));
  if (!request || !thirdParty) throw invalidRequestUri();
  if (thirdParty.status !== 'active') throw new StabledoorError('third_party_suspended');
  return { request, thirdParty };
}

async function askOccupier(
  parts: AuthorizeParts,
  request: PushedRequest,
  thirdParty: ThirdParty,
  occupier: SignedInOccupier,
): Promise<Consent> {
  const { purpose, fuels, registers, resolution, from, until, once, note } = request.detail;
  // PAR lets only purposes pass that are asked of householders; this holds even if the two lists drift apart.
  if (!isAskable(purpose)) throw invalidRequestUri();
  return requestConsent(parts, {
    ...occupier,
    clientId: request.clientId,
    requestRef: request.requestHash.toString('base64url'),
    terms: { purpose, fuels, registers, resolution, from, until, once: once ?? false, note: note ?? null },
    party: await askingParty(parts.db, thirdParty, note),
    unseen: (tx) => spend(tx, request),
  });
}

/** Null where a new grant is asked for. One of another occupier cannot be replaced, nor one that was revoked. */
async function replacedGrant(
  { db }: AuthorizeParts,
  { replacesGrant }: PushedRequest,
  { occupierId }: SignedInOccupier,
): Promise<Grant | null> {
  if (replacesGrant === null) return null;
  const grant = await findGrant(db, replacesGrant);
  const consent = grant && (await findConsent(db, grant.consentId));
  if (!grant || grant.isRevoked || consent?.occupierId !== occupierId) throw invalidRequestUri();
  return grant;
}

async function grantWithCode(
  tx: BrokerTransaction,
  logId: number,
  request: PushedRequest,
  given: Pick<NewCode, 'consentId' | 'codeHash'>,
): Promise<void> {
  const grantId = request.replacesGrant ?? newId('grant');
  const code = { ...given, grantId, request, lifeSeconds: codeLifetimeSeconds };
  if (request.replacesGrant === null) return await insertGrantWithCode(tx, code);
  if (!(await replaceGrantWithCode(tx, logId, code))) throw invalidRequestUri();
}

async function askingParty(
  db: Database,
  thirdParty: ThirdParty,
  note: string | undefined,
): Promise<AskingParty> {
  const recipients =
    thirdParty.recipients.length > 0 ? await listThirdPartiesByIds(db, thirdParty.recipients) : [];
  const { name, tradingName, registrationNumber, retentionDays, notes } = thirdParty;
  return {
    name,
    tradingName,
    class: thirdParty.class,
    registrationNumber,
    recipientNames: recipients.map((recipient) => recipient.name),
    retentionDays,
    note: note === undefined ? null : (notes[note] ?? null),
  };
}

async function spend(tx: BrokerTransaction, request: PushedRequest): Promise<void> {
  if (!(await spendPushedRequest(tx, request.requestHash))) throw invalidRequestUri();
}

/** RFC 6749 section 4.1.2 and RFC 9207: in the query, with the issuer, and the state exactly as it came. */
function redirectTo(request: PushedRequest, answer: Record<string, string>, issuer: string): string {
  const { redirectUri, state } = request;
  const query = new URLSearchParams({ ...answer, ...(state === null ? {} : { state }), iss: issuer });
  // Appended as text: a parser would spell the registered address anew.
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`;
}
