// A passkey's public key as a JWK in canonical form: what verifiers outside read, who have no CBOR. Pure.
import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';
import { canonicalJson } from '../lib/canonical-json.ts';

/** Of a COSE_Key of one of the kinds that we take. Throws RangeError for any other. */
export function publicJwkText(coseKey: Uint8Array): string {
  const cose = decodeCredentialPublicKey(new Uint8Array(coseKey)) as unknown as Map<number, unknown>;
  const part = (label: number): string => Buffer.from(cose.get(label) as Uint8Array).toString('base64url');
  switch (cose.get(1)) {
    case 1:
      return canonicalJson({ kty: 'OKP', crv: 'Ed25519', x: part(-2) });
    case 2:
      return canonicalJson({ kty: 'EC', crv: 'P-256', x: part(-2), y: part(-3) });
    case 3:
      return canonicalJson({ kty: 'RSA', n: part(-1), e: part(-2) });
    default:
      throw new RangeError('a kind of key that is not taken');
  }
}
