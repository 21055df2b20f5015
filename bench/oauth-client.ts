// A third party and its householders, who ask as fast as they are answered: keep-alive connections, and assertions and proofs
// made beforehand, so that signing them takes nothing from what is measured.
import { createPrivateKey, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { Agent, request } from 'node:http';
import { sha256Base64url } from '../src/oauth/digest.ts';
import type { OauthTarget, WaitingCode } from './oauth-target.ts';

export interface OauthClient {
  /** Makes what so many token requests and pushed requests need. */
  prepare(tokens: number, pushes?: number): void;
  redeem(code: WaitingCode): Promise<void>;
  refresh(): Promise<void>;
  own(): Promise<void>;
  /** Pushed, opened, answered yes, redeemed. */
  consent(householder: number): Promise<void>;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | null;
  readonly cookies: readonly string[];
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const nowS = () => Math.floor((performance.timeOrigin + performance.now()) / 1000);
const keyOf = (text: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });

function signed(header: object, claims: object, key: KeyObject): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export function openOauthClient(target: OauthTarget, connections: number): OauthClient {
  const { endpoints, clientId, redirectUri } = target;
  let agent = new Agent({ keepAlive: true, maxSockets: connections });
  const [signingKey, dpopKey] = [keyOf(target.signingKey), keyOf(target.dpopKey)];
  const makeAssertion = () => {
    const iat = nowS();
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: target.issuer,
      iat,
      nbf: iat,
      exp: iat + 300,
      jti: randomUUID(),
    };
    return signed({ alg: 'ES256', kid: 'signing' }, claims, signingKey);
  };
  const makeProof = () =>
    signed(
      { alg: 'ES256', typ: 'dpop+jwt', jwk: target.dpopJwk },
      { htm: 'POST', htu: endpoints.token, iat: nowS(), jti: randomUUID() },
      dpopKey,
    );
  let assertions: string[] = [];
  let proofs: string[] = [];
  const authenticated = (fields: Record<string, string>): Record<string, string> => ({
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertions.pop() ?? makeAssertion(),
    ...fields,
  });

  const send = (url: string, form: Record<string, string> | null, headers: Record<string, string>) =>
    new Promise<Answer>((done, fail) => {
      const body = form === null ? '' : new URLSearchParams(form).toString();
      const type = form === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
      const { host, port, pathname, search } = new URL(url);
      const options = {
        ...{ host: '127.0.0.1', port, path: pathname + search, agent },
        ...{ method: form === null ? 'GET' : 'POST' },
        headers: { host, ...type, 'content-length': Buffer.byteLength(body), ...headers },
      };
      const asked = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('end', () =>
          done({
            status: answer.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
            location: answer.headers.location ?? null,
            cookies: answer.headers['set-cookie'] ?? [],
          }),
        );
      });
      asked.once('error', fail);
      asked.end(body);
    });

  async function token(fields: Record<string, string>): Promise<void> {
    const answer = await send(endpoints.token, authenticated(fields), { DPoP: proofs.pop() ?? makeProof() });
    if (answer.status !== 200) throw new Error(`a token was refused: ${answer.status} ${answer.text}`);
  }
  const redeem = ({ code, verifier }: WaitingCode) =>
    token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier });

  /** What a browser does: follows redirects with its cookies until one leads to the third party. */
  async function browse(householder: number, address: string): Promise<string> {
    const jar = new Map<string, string>();
    const given = target.cookies?.[householder % target.cookies.length];
    let url = address;
    let form: Record<string, string> | null = null;
    let last = '';
    for (let step = 0; step < 8; step++) {
      const cookie = [given, ...[...jar].map(([name, value]) => `${name}=${value}`)]
        .filter((one) => one)
        .join('; ');
      const answer = await send(url, form, { cookie });
      last = answer.text;
      for (const [pair = ''] of answer.cookies.map((set) => set.split(';', 1))) {
        const at = pair.indexOf('=');
        jar.set(pair.slice(0, at), pair.slice(at + 1));
      }
      if (answer.location?.startsWith(redirectUri)) return answer.location;
      if (answer.location !== null) [url, form] = [new URL(answer.location, url).href, null];
      else if (answer.status === 200) form = yes(answer.text);
      else throw new Error(`${answer.status} at ${url}: ${answer.text.slice(0, 300)}`);
    }
    throw new Error(`no answer came back: ${last.slice(0, 3000)}`);
  }

  return {
    prepare(tokens, pushes = 0) {
      // The server has hung up on idle connections by the time that all are signed.
      agent.destroy();
      agent = new Agent({ keepAlive: true, maxSockets: connections });
      assertions = Array.from({ length: tokens + pushes }, makeAssertion);
      proofs = Array.from({ length: tokens }, makeProof);
    },
    redeem,
    refresh: () => token({ grant_type: 'refresh_token', refresh_token: target.refreshToken }),
    own: () => token({ grant_type: 'client_credentials', ...target.own }),
    async consent(householder) {
      const verifier = randomBytes(32).toString('base64url');
      const pushed = await send(
        endpoints.par,
        authenticated({
          response_type: 'code',
          redirect_uri: redirectUri,
          code_challenge: sha256Base64url(verifier),
          code_challenge_method: 'S256',
          ...target.asking,
        }),
        {},
      );
      if (pushed.status !== 201) throw new Error(`a request was refused: ${pushed.status} ${pushed.text}`);
      const query = new URLSearchParams({
        client_id: clientId,
        request_uri: JSON.parse(pushed.text).request_uri,
      });
      const back = new URL(await browse(householder, `${endpoints.authorize}?${query}`));
      const code = back.searchParams.get('code');
      if (code === null) throw new Error(`no code: ${back}`);
      await redeem({ code, verifier });
    },
    close: () => agent.destroy(),
  };
}

/** The consent page's form with all of it ticked. */
function yes(html: string): Record<string, string> {
  const found = (name: string) =>
    new RegExp(
      `<input\\b[^>]*name="${name}"[^>]*value="([^"]*)"|<input\\b[^>]*value="([^"]*)"[^>]*name="${name}"`,
    ).exec(html);
  const one = (name: string) => found(name)?.[1] ?? found(name)?.[2] ?? '';
  return {
    form_token: one('form_token'),
    resolution: one('resolution'),
    meter_points: one('meter_points'),
    decision: 'share',
  };
}
