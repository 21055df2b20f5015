import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { readJwks } from '../../src/registry/jwks.ts';

const jwk = (key: KeyObject, kid: string, more: object = {}) => ({
  ...key.export({ format: 'jwk' }),
  kid,
  ...more,
});
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const p256 = ec('P-256');
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const refuses = (keys: unknown, why: RegExp) => assert.throws(() => readJwks(keys), why);

test('P-256, Ed25519 and RSA 2048 public keys are taken, without what we do not use', () => {
  const keys = [
    jwk(p256.publicKey, 'a', { alg: 'ES256', use: 'sig', x5u: 'https://evil.example', key_ops: ['verify'] }),
    jwk(generateKeyPairSync('ed25519').publicKey, 'b', { alg: 'EdDSA' }),
    jwk(rsa(2048).publicKey, 'c', { alg: 'PS256' }),
    jwk(ec('P-256').publicKey, 'd'),
  ];
  const read = readJwks({ keys });
  assert.deepEqual(
    read.keys.map((key) => [key.kid, key.alg]),
    [
      ['a', 'ES256'],
      ['b', 'EdDSA'],
      ['c', 'PS256'],
      ['d', undefined],
    ],
  );
  assert.deepEqual(Object.keys(read.keys[0] ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'x', 'y']);
});

test('a private or shared key is refused, and the message does not repeat it', () => {
  const secret = jwk(p256.privateKey, 'a') as JsonWebKey;
  assert.throws(
    () => readJwks({ keys: [secret] }),
    (error: Error) => /public keys only/.test(error.message) && !error.message.includes(secret.d ?? '?'),
  );
  refuses({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] }, /public keys only/);
});

test('a weak key, another curve and an algorithm outside the profile are refused', () => {
  refuses({ keys: [jwk(rsa(1024).publicKey, 'a')] }, /2048/);
  refuses({ keys: [jwk(ec('secp256k1').publicKey, 'a')] }, /P-256/);
  refuses({ keys: [jwk(rsa(2048).publicKey, 'a', { alg: 'RS256' })] }, /PS256/);
  refuses({ keys: [jwk(p256.publicKey, 'a', { alg: 'none' })] }, /ES256/);
  refuses({ keys: [jwk(p256.publicKey, 'a', { use: 'enc' })] }, /signatures/);
  refuses(
    { keys: [jwk(p256.publicKey, 'a', { x: Buffer.alloc(32, 1).toString('base64url') })] },
    /not a valid key/,
  );
  refuses({ keys: [{ ...jwk(rsa(2048).publicKey, 'a'), e: 'AQ' }] }, /exponent|not a valid key/);
});

test('kids are present and distinct, and there are 1 to 20 keys', () => {
  const one = jwk(p256.publicKey, 'a');
  refuses({ keys: [one, { ...one }] }, /kid of its own/);
  refuses({ keys: [p256.publicKey.export({ format: 'jwk' })] }, /kid/);
  refuses({ keys: [] }, /1 to 20/);
  refuses({ keys: Array.from({ length: 21 }, (_, i) => ({ ...one, kid: `k${i}` })) }, /1 to 20/);
  for (const wrong of [null, [], 'x', {}, { keys: {} }, { keys: [null] }])
    assert.throws(() => readJwks(wrong));
});
