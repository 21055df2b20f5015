// Reads without a consent, as a supplier or an authority sends them: registered, with a token in its own name and a proof each.
import { registerThirdParty } from '../../src/registry/registry.ts';
import type { Registration } from '../../src/registry/third-party.ts';
import { type BareParty, postForm } from './bare-access.ts';
import type { TestBroker } from './broker.ts';
import { relyingParty, sha256Base64url, testKey, testRegistration } from './third-party.ts';

/** A third party of that class, registered for all that the class may have by right. */
export async function ownParty(
  { parts, issuer }: TestBroker,
  itsClass: 'supplier' | 'lawful-authority',
  changes: Partial<Registration> = {},
): Promise<BareParty> {
  const purposes =
    itsClass === 'supplier'
      ? (['billing', 'service', 'settlement', 'forecasting'] as const)
      : (['lawful-order'] as const);
  const name = itsClass === 'supplier' ? 'Northern Supply' : 'County Court Service';
  const { registration, signingKey } = await testRegistration({
    name,
    class: itsClass,
    purposes: [...purposes],
    ...changes,
  });
  const redirectUri = registration.redirectUris[0] as string;
  const { clientId } = await registerThirdParty(parts, registration);
  const thirdParty = { clientId, signingKey, dpopKey: await testKey(), redirectUri };
  return { clientId, redirectUri, rp: relyingParty({ issuer, clock: parts.clock, thirdParty }) };
}

export async function ownToken(
  { issuer }: TestBroker,
  { rp }: BareParty,
  scope = 'readings:by-right',
): Promise<string> {
  const proof = await rp.proof('POST', `${issuer}/oauth/token`);
  const answer = await postForm(`${issuer}/oauth/token`, await rp.clientForm(scope), { DPoP: proof });
  const body = await answer.json();
  if (answer.status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`);
  return body.access_token;
}

/** Its proof is made before; `send` sends it, to any address that serves the issuer. */
export async function readyGet(
  { issuer }: TestBroker,
  { rp }: BareParty,
  token: string,
  path: string,
  query: Record<string, string> = {},
): Promise<(address?: string) => Promise<Response>> {
  const proof = await rp.proof('GET', `${issuer}${path}`, { ath: sha256Base64url(token) });
  const headers = { authorization: `DPoP ${token}`, DPoP: proof };
  const search = new URLSearchParams(query).toString();
  return (address = issuer) => fetch(`${address}${path}${search && `?${search}`}`, { headers });
}

export const readByRight = async (
  broker: TestBroker,
  party: BareParty,
  token: string,
  meterRef: string,
  query: Record<string, string>,
): Promise<Response> =>
  await (await readyGet(broker, party, token, `/v1/meter-points/${meterRef}/readings`, query))();
