// Access with the requests laid bare: a token, and reads whose proofs are made beforehand, so that a test can fire
// hundreds at once, at any process, or twice.
import { findConsent } from '../../src/consent/consents.ts';
import type { ConsentId } from '../../src/lib/ids.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import type { TestBroker } from './broker.ts';
import { recentWindow, type TestHome } from './journey.ts';
import {
  newPkce,
  type RelyingParty,
  relyingParty,
  sha256Base64url,
  testKey,
  testRegistration,
} from './third-party.ts';

export interface BareParty {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly rp: RelyingParty;
}

export interface BareToken {
  readonly token: string;
  readonly refreshToken: string;
  readonly consentId: ConsentId;
  readonly meterRef: string;
}

export async function bareParty({ parts, issuer }: TestBroker): Promise<BareParty> {
  const { registration, signingKey } = await testRegistration();
  const redirectUri = registration.redirectUris[0] as string;
  const { clientId } = await registerThirdParty(parts, registration);
  const thirdParty = { clientId, signingKey, dpopKey: await testKey(), redirectUri };
  return { clientId, redirectUri, rp: relyingParty({ issuer, clock: parts.clock, thirdParty }) };
}

export const postForm = (url: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });

/** A code that waits to be redeemed, given by the sandbox at `resolution`. */
export async function bareCode(broker: TestBroker, party: BareParty, home: TestHome, resolution = 'PT30M') {
  const { issuer } = broker;
  const pkce = newPkce();
  const detail = {
    type: 'meter_readings',
    purpose: 'energy-advice',
    fuels: ['electricity'],
    resolution,
    ...recentWindow(broker),
  };
  const pushed = await postForm(`${issuer}/oauth/par`, await party.rp.pushForm(detail, pkce));
  const { request_uri } = (await pushed.json()) as { request_uri: string };
  const decided = await fetch(`${issuer}/sandbox/decisions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      request_uri,
      client_id: party.clientId,
      household: home.email,
      decision: 'share',
    }),
  });
  const { redirect_to } = (await decided.json()) as { redirect_to: string };
  return { pkce, code: new URL(redirect_to).searchParams.get('code') as string };
}

/** One redemption, at any address that serves the issuer. */
export async function redeem(
  party: BareParty,
  issuer: string,
  given: Awaited<ReturnType<typeof bareCode>>,
  address = issuer,
) {
  const form = await party.rp.codeForm(given.code, given.pkce);
  const proof = await party.rp.proof('POST', `${issuer}/oauth/token`);
  return postForm(`${address}/oauth/token`, form, { DPoP: proof });
}

/** What the token endpoint gave, as a read needs it. Throws unless it gave something. */
export async function tokenOf(answer: Response): Promise<BareToken> {
  const body = await answer.json();
  if (answer.status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`);
  const [granted] = body.authorization_details;
  return {
    token: body.access_token,
    refreshToken: body.refresh_token,
    consentId: granted.consent_id,
    meterRef: granted.meter_points[0],
  };
}

export const bareToken = async (broker: TestBroker, party: BareParty, home: TestHome): Promise<BareToken> =>
  tokenOf(await redeem(party, broker.issuer, await bareCode(broker, party, home)));

/** A read ready to be sent: nothing is left to compute. Each has a proof of its own. */
export async function readyRead(
  broker: TestBroker,
  party: BareParty,
  { token, meterRef }: BareToken,
  query: Record<string, string>,
): Promise<(address?: string) => Promise<Response>> {
  const path = `/v1/meter-points/${meterRef}/readings`;
  const proof = await party.rp.proof('GET', `${broker.issuer}${path}`, { ath: sha256Base64url(token) });
  const headers = { authorization: `DPoP ${token}`, DPoP: proof };
  const search = new URLSearchParams(query).toString();
  return (address = broker.issuer) => fetch(`${address}${path}?${search}`, { headers });
}

export const occupierOf = async ({ parts }: TestBroker, consentId: ConsentId) =>
  (await findConsent(parts.db, consentId))?.occupierId;
