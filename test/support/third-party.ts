// A third party for tests and journeys: its keys, its registration, and the four requests of FAPI 2.0 made by hand, so
// that a test can bend any part of them. `address` is where the broker listens; the issuer is what it calls itself.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Clock } from '../../src/lib/clock.ts';
import { nowSeconds } from '../../src/lib/clock.ts';
import type { Registration } from '../../src/registry/third-party.ts';

export interface TestKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly alg: string;
}

export async function testKey(alg = 'ES256'): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicJwk: await exportJWK(publicKey), alg };
}

export interface TestThirdParty {
  readonly clientId: string;
  readonly signingKey: TestKey;
  readonly dpopKey: TestKey;
  readonly redirectUri: string;
}

export const testRedirectUri = 'https://third-party.example/callback';

/** What to hand to registerThirdParty, with a fresh key. */
export async function testRegistration(
  changes: Partial<Registration> = {},
): Promise<{ registration: Registration; signingKey: TestKey }> {
  const signingKey = await testKey();
  const registration: Registration = {
    name: 'Brightwatt Ltd',
    class: 'energy-adviser',
    // A group of its own: the ceilings of a group hold over all of it.
    group: `Group ${randomUUID()}`,
    registrationNumber: '01234567',
    redirectUris: [testRedirectUri],
    purposes: ['energy-advice'],
    jwks: { keys: [{ ...signingKey.publicJwk, kid: 'signing', alg: signingKey.alg }] },
    notes: { 'advice-1': 'We look for hours when your home uses more than it needs.' },
    ...changes,
  };
  return { registration, signingKey };
}

/** Changes to claims: undefined takes a claim away. */
export type Claims = Readonly<Record<string, unknown>>;

const without = (claims: Claims) =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as Record<
    string,
    unknown
  >;

export interface RelyingPartyParts {
  readonly issuer: string;
  readonly clock: Clock;
  readonly thirdParty: TestThirdParty;
}

export interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

export const sha256Base64url = (text: string): string =>
  createHash('sha256').update(text).digest('base64url');

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: sha256Base64url(verifier) };
}

export interface RelyingParty extends RelyingPartyParts {
  assertion(claims?: Claims, header?: Claims, key?: TestKey): Promise<string>;
  proof(method: string, url: string, claims?: Claims, header?: Claims, key?: TestKey): Promise<string>;
  /** The form of a PAR request with everything it needs; changes of undefined take a field away. */
  pushForm(detail: object, pkce: Pkce, changes?: Claims): Promise<Record<string, string>>;
  codeForm(code: string, pkce: Pkce, changes?: Claims): Promise<Record<string, string>>;
  refreshForm(refreshToken: string, changes?: Claims): Promise<Record<string, string>>;
  /** For a token in its own name. */
  clientForm(scope: string, changes?: Claims): Promise<Record<string, string>>;
  /** For introspection and revocation. */
  tokenForm(token: string, changes?: Claims): Promise<Record<string, string>>;
}

export function relyingParty(parts: RelyingPartyParts): RelyingParty {
  const { issuer, clock, thirdParty } = parts;
  const { clientId, signingKey, dpopKey, redirectUri } = thirdParty;

  const assertion: RelyingParty['assertion'] = (claims = {}, header = {}, key = signingKey) => {
    const now = nowSeconds(clock);
    const base = {
      iss: clientId,
      sub: clientId,
      aud: issuer,
      iat: now,
      nbf: now,
      exp: now + 60,
      jti: randomUUID(),
    };
    return new SignJWT(without({ ...base, ...claims }))
      .setProtectedHeader({ alg: key.alg, kid: 'signing', ...header })
      .sign(key.privateKey);
  };
  const proof: RelyingParty['proof'] = (method, url, claims = {}, header = {}, key = dpopKey) =>
    new SignJWT(without({ htm: method, htu: url, iat: nowSeconds(clock), jti: randomUUID(), ...claims }))
      .setProtectedHeader(
        without({ alg: key.alg, typ: 'dpop+jwt', jwk: key.publicJwk, ...header }) as { alg: string },
      )
      .sign(key.privateKey);
  const form = async (fields: Claims, changes: Claims): Promise<Record<string, string>> => {
    const authentication = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'client_assertion' in changes ? undefined : await assertion(),
    };
    return without({ ...fields, ...authentication, ...changes }) as Record<string, string>;
  };

  return {
    ...parts,
    assertion,
    proof,
    pushForm: (detail, pkce, changes = {}) =>
      form(
        {
          client_id: clientId,
          response_type: 'code',
          redirect_uri: redirectUri,
          code_challenge: pkce.challenge,
          code_challenge_method: 'S256',
          state: 'state-1',
          authorization_details: JSON.stringify([detail]),
        },
        changes,
      ),
    codeForm: (code, pkce, changes = {}) =>
      form(
        { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: pkce.verifier },
        changes,
      ),
    refreshForm: (refreshToken, changes = {}) =>
      form({ grant_type: 'refresh_token', refresh_token: refreshToken }, changes),
    clientForm: (scope, changes = {}) => form({ grant_type: 'client_credentials', scope }, changes),
    tokenForm: (token, changes = {}) => form({ token }, changes),
  };
}
