// Two relying parties that others wrote, as they come, the whole way and with DPoP nonces switched on: openid-client and
// oauth4webapi. Neither is told anything that the metadata does not say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exportJWK, type JWK, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import {
  closedDay,
  decideFor,
  recentWindow,
  type TestHome,
  type TestParty,
  testAccess,
  testHome,
  testParty,
  testRedirect,
} from '../support/journey.ts';
import { sha256Base64url } from '../support/third-party.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let party: TestParty;
before(async () => {
  broker = await testBroker({ databases, environment: { STABLEDOOR_DPOP_NONCE: 'on' } });
  home = await testHome(broker);
  party = await testParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

test('openid-client asks, redeems, reads and refreshes, answering each wish for a nonce by itself', async () => {
  const access = await testAccess(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'PT30M' };
  const meterPoint = access.meterPoints[0] as string;
  assert.equal((await access.readings(meterPoint, query)).status, 200);
  await access.refresh();
  assert.equal((await access.readings(meterPoint, query)).status, 200);
});

test('openid-client gets a token in its own name, looks at it, uses it, revokes it', async () => {
  const config = await client.discovery(
    new URL(broker.issuer),
    party.clientId,
    { use_mtls_endpoint_aliases: false },
    client.PrivateKeyJwt({ key: party.signingKey, kid: 'k1' }),
    { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
  );
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const { access_token } = await client.clientCredentialsGrant(config, { scope: 'consents:read' }, { DPoP });
  const looked = await client.tokenIntrospection(config, access_token);
  assert.deepEqual([looked.active, looked.scope, looked.client_id], [true, 'consents:read', party.clientId]);
  const read = () =>
    client.fetchProtectedResource(
      config,
      access_token,
      new URL(`${broker.issuer}/v1/consents`),
      'GET',
      undefined,
      undefined,
      { DPoP },
    );
  assert.equal((await read()).status, 200);
  await client.tokenRevocation(config, access_token);
  assert.deepEqual(await client.tokenIntrospection(config, access_token), { active: false });
  await assert.rejects(read(), client.WWWAuthenticateChallengeError);
});

/** What the documentation of oauth4webapi asks of its user: once more where the server wants a nonce. */
async function onceMore<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return await attempt();
  }
}

interface WebParty {
  readonly keys: CryptoKeyPair;
  readonly as: oauth.AuthorizationServer;
  readonly self: oauth.Client;
  readonly auth: oauth.ClientAuth;
  readonly options: { readonly DPoP: oauth.DPoPHandle; readonly [oauth.allowInsecureRequests]: true };
}

async function webParty(): Promise<WebParty> {
  const issuer = new URL(broker.issuer);
  const insecure = { [oauth.allowInsecureRequests]: true } as const;
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  const self: oauth.Client = { client_id: party.clientId };
  const keys = await oauth.generateKeyPair('ES256');
  const DPoP = oauth.DPoP(self, keys);
  const auth = oauth.PrivateKeyJwt({ key: party.signingKey, kid: 'k1' });
  return { keys, as, self, auth, options: { DPoP, ...insecure } };
}

/** One more proof, of the same key: the library makes them for its own requests only. */
async function proofOf({ privateKey, publicKey }: CryptoKeyPair, url: URL, token: string): Promise<string> {
  const { crv, kty, x, y } = await exportJWK(publicKey);
  const claims = { htm: 'GET', htu: url.origin + url.pathname, ath: sha256Base64url(token) };
  return new SignJWT({ ...claims, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: { crv, kty, x, y } as JWK })
    .setIssuedAt()
    .sign(privateKey);
}

async function webTokens({ as, self, auth, options }: WebParty): Promise<oauth.TokenEndpointResponse> {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const detail = {
    type: 'meter_readings',
    purpose: 'energy-advice',
    fuels: ['electricity'],
    resolution: 'P1D',
  };
  const asked = {
    response_type: 'code',
    redirect_uri: testRedirect,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    authorization_details: JSON.stringify([{ ...detail, ...recentWindow(broker) }]),
  };
  const { request_uri } = await onceMore(async () =>
    oauth.processPushedAuthorizationResponse(
      as,
      self,
      await oauth.pushedAuthorizationRequest(as, self, auth, asked, options),
    ),
  );
  const authorizationUrl = new URL(as.authorization_endpoint as string);
  authorizationUrl.search = new URLSearchParams({ client_id: party.clientId, request_uri }).toString();
  const callback = await decideFor(broker, party, home, { authorizationUrl } as never);
  const parameters = oauth.validateAuthResponse(as, self, callback, state);
  return await onceMore(async () =>
    oauth.processAuthorizationCodeResponse(
      as,
      self,
      await oauth.authorizationCodeGrantRequest(as, self, auth, parameters, testRedirect, verifier, options),
    ),
  );
}

test('oauth4webapi goes the whole way, and takes our access token for a JWT of RFC 9068', async () => {
  const web = await webParty();
  const { as, self, auth, options } = web;
  const tokens = await webTokens(web);
  assert.equal(tokens.token_type, 'dpop');
  const [granted] = tokens.authorization_details as unknown as [{ meter_points: string[] }];
  const url = new URL(`${broker.issuer}/v1/meter-points/${granted.meter_points[0]}/readings`);
  url.search = new URLSearchParams({ ...closedDay(broker), resolution: 'P1D' }).toString();
  const read = await onceMore(() =>
    oauth.protectedResourceRequest(tokens.access_token, 'GET', url, undefined, undefined, options),
  );
  assert.equal(read.status, 200);
  const refreshed = await onceMore(async () =>
    oauth.processRefreshTokenResponse(
      as,
      self,
      await oauth.refreshTokenGrantRequest(as, self, auth, tokens.refresh_token as string, options),
    ),
  );
  assert.notEqual(refreshed.access_token, tokens.access_token);
  const insecure = { [oauth.allowInsecureRequests]: true } as const;
  const proof = new Headers();
  proof.set('DPoP', await proofOf(web.keys, url, refreshed.access_token));
  proof.set('authorization', `DPoP ${refreshed.access_token}`);
  const claims = await oauth.validateJwtAccessToken(as, new Request(url, { headers: proof }), broker.issuer, {
    requireDPoP: true,
    ...insecure,
  });
  assert.equal(claims.client_id, party.clientId);
});

test('oauth4webapi introspects, plainly and signed, and revokes a refresh token', async () => {
  const web = await webParty();
  const { as, self, auth, options } = web;
  const tokens = await webTokens(web);
  const look = async (signed: boolean) =>
    oauth.processIntrospectionResponse(
      as,
      signed ? { ...self, introspection_signed_response_alg: 'ES256' } : self,
      await oauth.introspectionRequest(as, self, auth, tokens.access_token, {
        requestJwtResponse: signed,
        [oauth.allowInsecureRequests]: true,
      }),
    );
  assert.equal((await look(false)).active, true);
  assert.equal((await look(true)).active, true);
  const insecure = { [oauth.allowInsecureRequests]: true } as const;
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, self, auth, tokens.refresh_token as string, insecure),
  );
  assert.equal((await look(false)).active, false);
  await assert.rejects(
    onceMore(async () =>
      oauth.processRefreshTokenResponse(
        as,
        self,
        await oauth.refreshTokenGrantRequest(as, self, auth, tokens.refresh_token as string, options),
      ),
    ),
    (error) => error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant',
  );
});

test('oauth4webapi asks for less than the grant, and has a grant shown and given back', async () => {
  const web = await webParty();
  const { as, self, auth, options } = web;
  const tokens = await webTokens(web);
  const narrowed = await onceMore(async () =>
    oauth.processRefreshTokenResponse(
      as,
      self,
      await oauth.refreshTokenGrantRequest(as, self, auth, tokens.refresh_token as string, {
        ...options,
        additionalParameters: {
          authorization_details: JSON.stringify([{ type: 'meter_readings', resolution: 'P1M' }]),
        },
      }),
    ),
  );
  assert.equal((narrowed.authorization_details as unknown as [{ resolution: string }])[0].resolution, 'P1M');
  const scope = 'grant_management_query grant_management_revoke';
  const own = await onceMore(async () =>
    oauth.processClientCredentialsResponse(
      as,
      self,
      await oauth.clientCredentialsGrantRequest(as, self, auth, { scope }, options),
    ),
  );
  const grant = new URL(`${as.grant_management_endpoint}/${tokens.grant_id}`);
  const ask = (method: string) =>
    onceMore(() =>
      oauth.protectedResourceRequest(own.access_token, method, grant, undefined, undefined, options),
    );
  const shown = await (await ask('GET')).json();
  assert.deepEqual(shown.authorization_details, tokens.authorization_details);
  assert.equal((await ask('DELETE')).status, 204);
  await assert.rejects(
    oauth.protectedResourceRequest(
      tokens.access_token,
      'GET',
      new URL(`${broker.issuer}/v1/meter-points`),
      undefined,
      undefined,
      options,
    ),
    oauth.WWWAuthenticateChallengeError,
  );
});
