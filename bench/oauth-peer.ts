// The process of the peer: node-oidc-provider in its FAPI 2.0 profile, on the same PostgreSQL, for the same third party, with
// the same algorithms: signed access tokens of five minutes bound by DPoP, refresh tokens that do not rotate. Its householder
// is signed in by itself and says yes by a redirect, without a page: less work than ours has.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
// @ts-expect-error it brings no types
import OidcProvider from 'oidc-provider';
import { sha256Base64url } from '../src/oauth/digest.ts';
import { peerAdapter } from './oauth-peer-adapter.ts';
import type { OauthServer, OauthTarget, Order, WaitingCode } from './oauth-target.ts';

type Saved = { save(): Promise<string> };
type GrantLike = Saved & {
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
};
// biome-ignore lint/suspicious/noExplicitAny: it brings no types
type Peer = any;

const [{ target: ours, databaseUrl, client }] = (await once(process, 'message')) as [OauthServer];
const { PeerAdapter, close } = await peerAdapter(databaseUrl as string);
const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const keys = [{ ...(await exportJWK(privateKey)), kid: 'peer', alg: 'ES256', use: 'sig' }];
const scope = 'read';
const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
const resource = `${issuer}/data`;
const resourceServer = {
  scope,
  audience: resource,
  accessTokenTTL: 300,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'ES256' } },
};
const provider: Peer = new OidcProvider(issuer, {
  adapter: PeerAdapter,
  jwks: { keys },
  clients: [
    {
      client_id: client.client_id,
      redirect_uris: [client.redirect_uri],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      id_token_signed_response_alg: 'ES256',
      dpop_bound_access_tokens: true,
      scope,
      jwks: { keys: [client.jwk] },
    },
  ],
  scopes: [scope],
  features: {
    devInteractions: { enabled: false },
    fapi: { enabled: true, profile: '2.0' },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    dPoP: { enabled: true },
    clientCredentials: { enabled: true },
    userinfo: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => resourceServer,
    },
  },
  enabledJWA: {
    clientAuthSigningAlgValues: ['ES256'],
    dPoPSigningAlgValues: ['ES256'],
    idTokenSigningAlgValues: ['ES256'],
  },
  clientAuthMethods: ['private_key_jwt'],
  responseTypes: ['code'],
  issueRefreshToken: () => true,
  rotateRefreshToken: false,
  ttl: {
    Grant: 86_400,
    RefreshToken: 86_400,
    AuthorizationCode: 60,
    AccessToken: 300,
    Interaction: 900,
    Session: 43_200,
  },
  findAccount: (_ctx: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
  interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
  cookies: { keys: [randomBytes(16).toString('hex')] },
});
provider.silent = true;
const answer = provider.callback();
server.on('request', (req: IncomingMessage, res: ServerResponse) => {
  if (!req.url?.startsWith('/interaction/')) return void answer(req, res);
  sayYes(req, res).catch((error: Error) => res.writeHead(500).end(error.message));
});

async function sayYes(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { session } = await provider.interactionDetails(req, res);
  const accountId = session?.accountId ?? `householder-${randomBytes(8).toString('hex')}`;
  const consent = { grantId: await grantFor(accountId) };
  await provider.interactionFinished(req, res, { ...(session ? {} : { login: { accountId } }), consent });
}

async function grantFor(accountId: string): Promise<string> {
  const grant: GrantLike = new provider.Grant({ accountId, clientId: client.client_id });
  grant.addOIDCScope(scope);
  grant.addResourceScope(resource, scope);
  return grant.save();
}

const accountId = 'householder';
const grantId = await grantFor(accountId);
const kept = { accountId, grantId, scope, resource, client: await provider.Client.find(client.client_id) };

async function waitingCode(): Promise<WaitingCode> {
  const verifier = randomBytes(32).toString('base64url');
  const code: Saved = new provider.AuthorizationCode({
    ...kept,
    redirectUri: client.redirect_uri,
    codeChallenge: sha256Base64url(verifier),
    codeChallengeMethod: 'S256',
  });
  return { code: await code.save(), verifier };
}

async function waitingCodes(count: number): Promise<WaitingCode[]> {
  const made: WaitingCode[] = [];
  while (made.length < count)
    made.push(...(await Promise.all(Array.from({ length: 64 }, () => waitingCode()))));
  return made;
}

const refresh: Saved = new provider.RefreshToken({ ...kept, gty: 'authorization_code' });
const target: OauthTarget = {
  ...ours,
  issuer,
  endpoints: { par: `${issuer}/request`, authorize: `${issuer}/auth`, token: `${issuer}/token` },
  asking: { scope, prompt: 'consent' },
  own: { scope },
  cookies: null,
  refreshToken: await refresh.save(),
};
process.send?.(target);
process.on('disconnect', () => process.exit());
process.on('message', async (order: Order) => {
  if (order === 'memory') return void process.send?.(process.memoryUsage.rss());
  if (order !== 'end') return void process.send?.(await waitingCodes(order.codes));
  server.closeAllConnections();
  server.close();
  await close();
  process.exit();
});
