// An authenticator in software: it makes real keys and signs real answers, and does the wrong thing where a test asks it to.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { isoCBOR } from '@simplewebauthn/server/helpers';

export interface Wrong {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  /** Of the authenticator data: user present 1, user verified 4. */
  readonly flags?: number;
  readonly counter?: number;
  readonly userHandle?: string;
  readonly key?: KeyObject;
  /** The attestation statement of a new passkey. */
  readonly attestation?: { readonly fmt: string; readonly attStmt: Map<string, unknown> };
}

export interface SoftAuthenticator {
  readonly credentialId: string;
  /** What the form's field brings. */
  create(options: PublicKeyCredentialCreationOptionsJSON, wrong?: Wrong): string;
  get(options: PublicKeyCredentialRequestOptionsJSON, wrong?: Wrong): string;
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
const present = 0x01;
const verified = 0x04;
const attested = 0x40;

/** `counts`: whether it counts its uses; many do not, and say 0. */
export function softAuthenticator(
  origin: string,
  { counts = true, algorithm = 'ES256' }: { counts?: boolean; algorithm?: 'ES256' | 'EdDSA' | 'RS256' } = {},
): SoftAuthenticator {
  const { publicKey, privateKey } = pairOf(algorithm);
  const id = randomBytes(16);
  let counter = 0;
  let userHandle = '';
  const data = (wrong: Wrong, more: Uint8Array, flags: number) => {
    if (counts) counter++;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(wrong.counter ?? counter);
    const head = Buffer.from([wrong.flags === undefined ? flags : wrong.flags | (flags & attested)]);
    return Buffer.concat([sha256(wrong.rpId ?? new URL(origin).hostname), head, count, more]);
  };
  const client = (type: string, challenge: string, wrong: Wrong) =>
    Buffer.from(
      JSON.stringify({
        ...{ type: wrong.type ?? type, challenge: wrong.challenge ?? challenge },
        ...{ origin: wrong.origin ?? origin, crossOrigin: false },
      }),
    );
  const named = { id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key' };
  return {
    credentialId: named.id,
    create(options, wrong = {}) {
      userHandle = options.user.id;
      const credential = Buffer.concat([
        Buffer.alloc(16),
        Buffer.from([0, id.length]),
        id,
        coseOf(publicKey),
      ]);
      const authData = data(wrong, credential, present | verified | attested);
      const { fmt, attStmt } = wrong.attestation ?? { fmt: 'none', attStmt: new Map() };
      const object = isoCBOR.encode(
        new Map<string, unknown>([
          ['fmt', fmt],
          ['attStmt', attStmt],
          ['authData', new Uint8Array(authData)],
        ]) as never,
      );
      const clientDataJSON = client('webauthn.create', options.challenge, wrong).toString('base64url');
      const attestationObject = Buffer.from(object).toString('base64url');
      return JSON.stringify({
        ...named,
        response: { clientDataJSON, attestationObject, transports: ['internal'] },
        clientExtensionResults: {},
      });
    },
    get(options, wrong = {}) {
      const clientData = client('webauthn.get', options.challenge, wrong);
      const authenticatorData = data(wrong, Buffer.alloc(0), present | verified);
      const signed = Buffer.concat([authenticatorData, sha256(clientData)]);
      const signature = sign(algorithm === 'EdDSA' ? null : 'sha256', signed, wrong.key ?? privateKey);
      return JSON.stringify({
        ...named,
        response: {
          clientDataJSON: clientData.toString('base64url'),
          authenticatorData: authenticatorData.toString('base64url'),
          signature: signature.toString('base64url'),
          userHandle: wrong.userHandle ?? userHandle,
        },
        clientExtensionResults: {},
      });
    },
  };
}

const pairOf = (algorithm: 'ES256' | 'EdDSA' | 'RS256') =>
  algorithm === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: 2048 });

/** COSE_Key (RFC 9053). */
function coseOf(key: KeyObject): Uint8Array {
  const jwk = key.export({ format: 'jwk' });
  const bytes = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'));
  const fields: [number, unknown][] =
    jwk.kty === 'EC'
      ? [
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, bytes(jwk.x)],
          [-3, bytes(jwk.y)],
        ]
      : jwk.kty === 'OKP'
        ? [
            [1, 1],
            [3, -8],
            [-1, 6],
            [-2, bytes(jwk.x)],
          ]
        : [
            [1, 3],
            [3, -257],
            [-1, bytes(jwk.n)],
            [-2, bytes(jwk.e)],
          ];
  return isoCBOR.encode(new Map(fields) as never);
}
