// node-oidc-provider as a target: where a case fails here, either the case is wrong or the peer is, and one must know which.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { freePort } from '../../../src/db/free-port.ts';
import { type RelyingParty, relyingParty, testKey, testRedirectUri } from '../../support/third-party.ts';
import { browse } from './browse.ts';
import type { Metadata, Target } from './target.ts';

const program = join(import.meta.dirname, '../../support/peer-process.ts');

export async function openPeer(): Promise<Target> {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const tell = (order: object): Promise<unknown> =>
    new Promise((done, fail) => {
      child.once('message', done);
      child.once('exit', () => fail(new Error('the peer ended')));
      child.send(order);
    });
  let offsetMs = 0;
  const clock = { nowMs: () => Date.now() + offsetMs };
  const party = async (clientId: string): Promise<{ party: RelyingParty; client: object }> => {
    const signingKey = await testKey();
    const thirdParty = { clientId, signingKey, dpopKey: await testKey(), redirectUri: testRedirectUri };
    const client = {
      client_id: clientId,
      redirect_uris: [testRedirectUri],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      id_token_signed_response_alg: 'ES256',
      introspection_signed_response_alg: 'ES256',
      dpop_bound_access_tokens: true,
      scope: 'openid offline_access own',
      jwks: { keys: [{ ...signingKey.publicJwk, kid: 'signing', alg: 'ES256' }] },
    };
    return { party: relyingParty({ issuer, clock, thirdParty }), client };
  };
  const [first, second] = [await party('first'), await party('second')];
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const keys = [{ ...(await exportJWK(privateKey)), kid: 'peer', alg: 'ES256', use: 'sig' }];
  await tell({ start: { port, clients: [first.client, second.client], jwks: { keys } } });
  const metadata = await fetch(`${issuer}/.well-known/openid-configuration`).then((answer) => answer.json());
  const decided = async (decision: 'share' | 'refuse', url: string) => {
    await tell({ decision });
    return browse(url, issuer);
  };
  return {
    name: 'node-oidc-provider',
    metadata: metadata as Metadata,
    first: first.party,
    second: second.party,
    ownScope: 'own',
    resource: (metadata as { userinfo_endpoint: string }).userinfo_endpoint,
    asking: () => ({ authorization_details: undefined, scope: 'openid offline_access' }),
    async advance(seconds) {
      offsetMs += seconds * 1000;
      await tell({ advanceSeconds: seconds });
    },
    approve: (url) => decided('share', url),
    refuse: (url) => decided('refuse', url),
    look: (url) => browse(url, issuer, { redirects: 0 }),
    async close() {
      child.disconnect();
      await new Promise((done) => child.once('exit', done));
    },
  };
}
