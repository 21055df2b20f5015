// JWTs as somebody makes them who has no key that counts: bent headers, no signature, or a good one of the wrong key.
import { createHmac } from 'node:crypto';
import { type CryptoKey, exportSPKI } from 'jose';
import type { TestKey } from './third-party.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
export const jwtParts = (jwt: string): [Record<string, unknown>, Record<string, unknown>, string] => {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  return [read(header), read(payload), signature];
};

/** Header and claims as given, signed over exactly those bytes. */
export async function signRaw(header: unknown, claims: unknown, key: CryptoKey): Promise<string> {
  const input = `${part(header)}.${part(claims)}`;
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(input));
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}

export interface Forgery {
  /** A JWT that is good. */
  readonly good: string;
  /** The public half of the key that signed it, which anybody may know. */
  readonly known: { readonly publicJwk: object; readonly publicKey: CryptoKey };
  /** The forger's own. */
  readonly own: TestKey;
  /** Where the forger has put keys for whoever would fetch them. */
  readonly keysAt: string;
}

/** By name, every one of them to be refused. */
export async function forgeries({ good, known, own, keysAt }: Forgery): Promise<Record<string, string>> {
  const [header, claims, signature] = jwtParts(good);
  const unsigned = (changes: object, by: (input: string) => string) => {
    const input = `${part({ ...header, ...changes })}.${part(claims)}`;
    return `${input}.${by(input)}`;
  };
  const hmac = (secret: string) => (input: string) =>
    createHmac('sha256', secret).update(input).digest('base64url');
  const bytes = (fill: (signature: Buffer) => void) => () => {
    const made = Buffer.alloc(64);
    fill(made);
    return made.toString('base64url');
  };
  const byOwn = (changes: object) => signRaw({ ...header, ...changes }, claims, own.privateKey);
  const spki = await exportSPKI(known.publicKey);
  const none = ['none', 'None', 'NONE', 'nOnE', '', null, ['ES256'], 'es256', 'ES256 '];
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const [goodHeader, goodClaims] = good.split('.');
  return {
    ...Object.fromEntries(none.map((alg) => [`alg ${JSON.stringify(alg)}`, unsigned({ alg }, () => '')])),
    'alg none with the signature left on': unsigned({ alg: 'none' }, () => signature),
    'HS256 with the public JWK as secret': unsigned({ alg: 'HS256' }, hmac(JSON.stringify(known.publicJwk))),
    'HS256 with the public key in PEM as secret': unsigned({ alg: 'HS256' }, hmac(spki)),
    'HS256 with an empty secret': unsigned({ alg: 'HS256' }, hmac('')),
    'r and s of zero': unsigned(
      {},
      bytes(() => {}),
    ),
    'r and s of one': unsigned(
      {},
      bytes((made) => made.fill(1, 31, 32).fill(1, 63)),
    ),
    'r and s of the order of the curve': unsigned(
      {},
      bytes((made) => void order.copy(made, order.copy(made))),
    ),
    'r of zero and a real s': unsigned({}, () => {
      const real = Buffer.from(signature, 'base64url');
      return real.fill(0, 0, 32).toString('base64url');
    }),
    'a signature in DER': unsigned({}, () => Buffer.from('3006020101020101', 'hex').toString('base64url')),
    'no signature': `${goodHeader}.${goodClaims}.`,
    'no third part': `${goodHeader}.${goodClaims}`,
    'a key of its own in the header': await byOwn({ jwk: own.publicJwk, kid: undefined }),
    'a key of its own under the known kid': await byOwn({ jwk: own.publicJwk }),
    'its keys at a jku': await byOwn({ jku: keysAt }),
    'its certificate at an x5u': await byOwn({ x5u: keysAt }),
    'a certificate in the header': await byOwn({ x5c: ['MIIB'], x5t: 'x' }),
    'a kid that is a path': await byOwn({ kid: '../../../dev/null' }),
    'a kid that is a query': await byOwn({ kid: "x' union select 'x'--" }),
    'a kid that is an address': await byOwn({ kid: keysAt }),
    'a kid that every object has': await byOwn({ kid: '__proto__' }),
    'a kid that is a number': await byOwn({ kid: 0 }),
    'another algorithm for the same key': unsigned({ alg: 'ES384' }, () => signature),
    'its claims changed': `${goodHeader}.${part({ ...claims, jti: 'another', exp: 9_999_999_999 })}.${signature}`,
    'JSON instead of the compact form': JSON.stringify({
      payload: goodClaims,
      protected: goodHeader,
      signature,
    }),
    'a JWE': `${part({ alg: 'dir', enc: 'A128GCM' })}..${part({})}.${part({})}.${part({})}`,
  };
}

/** Signed with the key that counts, and not to be understood all the same (RFC 7515 section 4.1.11, RFC 7797). */
export async function misheaded(good: string, key: CryptoKey): Promise<Record<string, string>> {
  const [header, claims] = jwtParts(good);
  const made = (changes: object) => signRaw({ ...header, ...changes }, claims, key);
  return {
    'a critical header that nobody knows': await made({ crit: ['exp-policy'], 'exp-policy': 'strict' }),
    'a critical header that is not there': await made({ crit: ['gone'] }),
    'an empty crit': await made({ crit: [] }),
    'crit that is no list': await made({ crit: 'exp' }),
    'an unencoded payload': await made({ b64: false, crit: ['b64'] }),
  };
}
