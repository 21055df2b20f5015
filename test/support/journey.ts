// What a test needs before it can read: a home with readings, a registered third party, and access given by the sandbox
// in the householder's name. Every part of it is real; only the householder's browser is left out.
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import {
  type Access,
  openThirdParty,
  type PushedRequest,
  type ThirdParty,
} from '../../examples/third-party.ts';
import { openDatabase } from '../../src/db/database.ts';
import type { MeterStoreTables } from '../../src/db/tables/meter-store.ts';
import { addHousehold } from '../../src/household/households.ts';
import type { HouseholdId } from '../../src/lib/ids.ts';
import { addDays, addMonths, localDateAt } from '../../src/lib/local-date.ts';
import { syntheticMpan } from '../../src/metering/import/mpan.ts';
import { makeNeighbourhood, writeNeighbourhood } from '../../src/metering/import/neighbourhood.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import type { Registration } from '../../src/registry/third-party.ts';
import type { TestBroker } from './broker.ts';

export const testZone = 'Europe/London';

export interface TestHome {
  readonly householdId: HouseholdId;
  readonly email: string;
  readonly mpan: string;
}

let homes = 0;

/** A household with `months` of made-up half-hours up to today. */
export async function testHome({ parts }: TestBroker, months = 3): Promise<TestHome> {
  homes += 1;
  const mpan = syntheticMpan(homes);
  const email = `home-${homes}@example.org`;
  const to = localDateAt(parts.clock.nowMs(), testZone);
  const from = addMonths(to, -months);
  const store = openDatabase<MeterStoreTables>({
    url: parts.stores.addresses.importer as string,
    maxConnections: 1,
  });
  try {
    const neighbourhood = makeNeighbourhood(homes, [mpan], { zone: testZone, from, to });
    await store.transaction().execute((tx) => writeNeighbourhood(tx, neighbourhood, parts.clock.nowMs()));
  } finally {
    await store.destroy();
  }
  const place = { mpan, address: `${homes} Mill Lane`, fuel: 'electricity', zone: testZone, from } as const;
  const { householdId } = await addHousehold(parts, { email, ...place });
  return { householdId, email, mpan };
}

export interface TestParty {
  readonly clientId: string;
  readonly signingKey: CryptoKey;
  readonly relyingParty: ThirdParty;
}

export const testRedirect = 'http://localhost:9/callback';

export async function testParty(
  { parts, issuer }: TestBroker,
  changes: Partial<Registration> = {},
): Promise<TestParty> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const { clientId } = await registerThirdParty(parts, {
    name: 'Brightwatt Ltd',
    class: 'energy-adviser',
    registrationNumber: '01234567',
    redirectUris: [testRedirect],
    purposes: ['energy-advice'],
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] },
    notes: {},
    ...changes,
  });
  const clockSkewSeconds = Math.round((parts.clock.nowMs() - Date.now()) / 1000);
  const keys = { signingKey: privateKey, keyId: 'k1', redirectUri: testRedirect, clockSkewSeconds };
  const relyingParty = await openThirdParty({ issuer, clientId, ...keys });
  return { clientId, signingKey: privateKey, relyingParty };
}

/** The last two whole months and what has closed of this one. */
export function recentWindow({ parts }: TestBroker): { from: string; until: string } {
  const today = localDateAt(parts.clock.nowMs(), testZone);
  return { from: addMonths(`${today.slice(0, 8)}01` as typeof today, -2), until: addMonths(today, 3) };
}

/** A day that has closed. */
export function closedDay({ parts }: TestBroker): { from: string; to: string } {
  const today = localDateAt(parts.clock.nowMs(), testZone);
  return { from: addDays(today, -3), to: addDays(today, -2) };
}

export async function decideFor(
  { issuer }: TestBroker,
  party: TestParty,
  home: Pick<TestHome, 'email'>,
  request: PushedRequest,
  decision: Readonly<Record<string, unknown>> = { decision: 'share' },
): Promise<URL> {
  const answer = await fetch(`${issuer}/sandbox/decisions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      request_uri: request.authorizationUrl.searchParams.get('request_uri'),
      client_id: party.clientId,
      household: home.email,
      ...decision,
    }),
  });
  const body = (await answer.json()) as { redirect_to?: string };
  if (body.redirect_to === undefined) throw new Error(`no decision: ${JSON.stringify(body)}`);
  return new URL(body.redirect_to);
}

/** Asked at half-hours, given as `decision` says. */
export async function testAccess(
  broker: TestBroker,
  party: TestParty,
  home: TestHome,
  decision: Readonly<Record<string, unknown>> = {},
): Promise<Access> {
  const wanted = { purpose: 'energy-advice', resolution: 'PT30M', ...recentWindow(broker) } as const;
  const request = await party.relyingParty.ask(wanted);
  return request.redeem(await decideFor(broker, party, home, request, { decision: 'share', ...decision }));
}
