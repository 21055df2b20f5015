// The process that our tokens are measured on: a whole broker on an embedded server, durable as in production. It makes codes
// that wait to be redeemed when it is told to, and says where its database is, for the peer beside it.
import { randomBytes } from 'node:crypto';
import { findOccupierByEmail } from '../src/household/household-store.ts';
import { addHousehold } from '../src/household/households.ts';
import { openSession } from '../src/household/session.ts';
import { beginSignIn } from '../src/household/sign-in.ts';
import { newId } from '../src/lib/ids.ts';
import { localDate } from '../src/lib/local-date.ts';
import { syntheticMpan } from '../src/metering/import/mpan.ts';
import { sha256, sha256Base64url } from '../src/oauth/digest.ts';
import { insertGrantWithCode } from '../src/oauth/grant-store.ts';
import type { PushedRequest } from '../src/oauth/request-store.ts';
import { sessionCookie } from '../src/web/householder/visitor.ts';
import { bareParty, bareToken } from '../test/support/bare-access.ts';
import { testBroker } from '../test/support/broker.ts';
import { recentWindow, testHome } from '../test/support/journey.ts';
import type { OauthServer, OauthTarget, Order, WaitingCode } from './oauth-target.ts';

/** So many that hardly one is asked twice: a second consent would end the first. */
const householders = 256;
const unlimited = ['par', 'tokens', 'reads', 'failures', 'public', 'pages', 'household']
  .map((name) => `${name}=9000000/60`)
  .join(',');

const broker = await testBroker({ databases: null, environment: { STABLEDOOR_RATE_LIMITS: unlimited } });
const { parts, issuer } = broker;
const home = await testHome(broker, 1);
const party = await bareParty(broker);
const given = await bareToken(broker, party, home);
const detail = {
  type: 'meter_readings',
  purpose: 'energy-advice',
  fuels: ['electricity'],
  resolution: 'P1D',
  ...recentWindow(broker),
} as const;

async function signedIn(number: number): Promise<string> {
  const email = `bench-${number}@example.org`;
  await addHousehold(parts, {
    ...{ email, address: `${number} Bench Row`, zone: 'Europe/London', from: localDate('2020-01-01') },
    ...{ mpan: syntheticMpan(1000 + number), fuel: 'electricity' },
  });
  let code = '';
  const keep = (message: { code: string }) => {
    code = message.code;
  };
  const challenge = await beginSignIn(parts.db, keep, { email, returnTo: '/consents' });
  const session = await openSession(parts.db, { challenge, code });
  if (session === null || (await findOccupierByEmail(parts.db, email)) === null)
    throw new Error('not signed in');
  return `${sessionCookie}=${session.token}`;
}

/** Grants of the one consent, each with a code that works for a minute. */
async function waitingCodes(count: number): Promise<WaitingCode[]> {
  const codes = Array.from({ length: count }, () => ({
    code: randomBytes(32).toString('base64url'),
    verifier: randomBytes(32).toString('base64url'),
  }));
  await parts.db.transaction().execute(async (tx) => {
    for (const { code, verifier } of codes) {
      const request: PushedRequest = {
        requestHash: sha256(code),
        clientId: party.clientId as never,
        redirectUri: party.redirectUri,
        state: null,
        codeChallenge: sha256Base64url(verifier),
        dpopJkt: null,
        detail: detail as never,
        scope: null,
        replacesGrant: null,
      };
      const { consentId } = given;
      const made = { codeHash: sha256(code), grantId: newId('grant'), consentId, request, lifeSeconds: 60 };
      await insertGrantWithCode(tx, made);
    }
  });
  return codes;
}

const pkcs8 = async (key: CryptoKey) =>
  Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
const { signingKey, dpopKey } = party.rp.thirdParty;
const cookies: string[] = [];
for (let number = 0; number < householders; number++) cookies.push(await signedIn(number));
const target: OauthTarget = {
  issuer,
  endpoints: {
    par: `${issuer}/oauth/par`,
    authorize: `${issuer}/authorize`,
    token: `${issuer}/oauth/token`,
  },
  clientId: party.clientId,
  redirectUri: party.redirectUri,
  signingKey: await pkcs8(signingKey.privateKey),
  dpopKey: await pkcs8(dpopKey.privateKey),
  dpopJwk: dpopKey.publicJwk as Record<string, unknown>,
  asking: { authorization_details: JSON.stringify([detail]) },
  own: { scope: 'consents:read' },
  cookies,
  refreshToken: given.refreshToken,
};
const client = {
  client_id: party.clientId,
  redirect_uri: party.redirectUri,
  jwk: { ...signingKey.publicJwk, kid: 'signing', alg: 'ES256' },
};
process.send?.({ target, databaseUrl: parts.stores.addresses.owner, client } satisfies OauthServer);
async function end(): Promise<never> {
  await broker.close();
  process.exit();
}
// Also where whoever asked for it is gone: a server must not be left behind.
process.on('disconnect', end);
process.on('message', async (order: Order) => {
  if (order === 'memory') return void process.send?.(process.memoryUsage.rss());
  if (order === 'end') return await end();
  process.send?.(await waitingCodes(order.codes));
});
