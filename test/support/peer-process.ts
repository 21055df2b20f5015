// node-oidc-provider in the FAPI 2.0 profile, in a process of its own whose clock the parent moves: the oracle that shows that
// our black-box cases are right. It consents by itself, or refuses when it is told to.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
// @ts-expect-error it brings no types
import OidcProvider from 'oidc-provider';

interface Peer {
  callback(): (req: IncomingMessage, res: ServerResponse) => void;
  interactionDetails(
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<{ params: Record<string, unknown>; session?: { accountId: string } }>;
  interactionFinished(req: IncomingMessage, res: ServerResponse, result: object): Promise<void>;
  readonly Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<string> };
}

interface Order {
  readonly start?: { readonly port: number; readonly clients: object[]; readonly jwks: { keys: object[] } };
  readonly advanceSeconds?: number;
  readonly decision?: 'share' | 'refuse';
}

let offsetMs = 0;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + offsetMs] : given) as [number]));
  }
  static override now(): number {
    return RealDate.now() + offsetMs;
  }
} as DateConstructor;

let decision: 'share' | 'refuse' = 'share';

function open({ port, clients, jwks }: NonNullable<Order['start']>): Server {
  const issuer = `http://localhost:${port}`;
  const provider: Peer = new OidcProvider(issuer, {
    clients,
    jwks,
    scopes: ['openid', 'offline_access', 'own'],
    features: {
      devInteractions: { enabled: false },
      fapi: { enabled: true, profile: '2.0' },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      dPoP: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true },
    },
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256'],
      dPoPSigningAlgValues: ['ES256', 'PS256'],
      introspectionSigningAlgValues: ['ES256'],
      idTokenSigningAlgValues: ['ES256'],
    },
    clientAuthMethods: ['private_key_jwt'],
    responseTypes: ['code'],
    issueRefreshToken: () => true,
    rotateRefreshToken: false,
    findAccount: (_ctx: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    cookies: { keys: ['only for tests'] },
  });
  const answer = provider.callback();
  return createServer((req, res) => {
    if (!req.url?.startsWith('/interaction/')) return void answer(req, res);
    interact(provider, req, res).catch((error: Error) => res.writeHead(500).end(error.message));
  }).listen(port, '127.0.0.1', () => process.send?.({ ready: issuer }));
}

async function interact(provider: Peer, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { params, session } = await provider.interactionDetails(req, res);
  const finish = (result: object) => provider.interactionFinished(req, res, result);
  if (decision === 'refuse') return await finish({ error: 'access_denied', error_description: 'no' });
  const accountId = session?.accountId ?? 'householder';
  const grant = new provider.Grant({ accountId, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  await finish({ login: { accountId }, consent: { grantId: await grant.save() } });
}

let server: Server | undefined;
process.on('message', ({ start, advanceSeconds, decision: decided }: Order) => {
  if (start) server = open(start);
  if (advanceSeconds !== undefined) offsetMs += advanceSeconds * 1000;
  if (decided) decision = decided;
  if (!start) process.send?.({ done: true });
});
process.on('disconnect', () => server?.close(() => process.exit(0)));
