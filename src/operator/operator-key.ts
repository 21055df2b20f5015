// An operator's own key: ES256 or EdDSA, the private half in a file of theirs alone. It signs statements; the broker keeps the
// public half and checks. No fault of a key file quotes it.
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import type { OperatorProof } from '../ledger/entry-operator.ts';
import { canonicalJson } from '../lib/canonical-json.ts';

export interface OperatorKey {
  /** The thumbprint (RFC 7638) of the public key. */
  readonly thumbprint: string;
  /** The public key: a JWK in canonical form. */
  readonly publicKey: string;
  prove(statement: string): Promise<OperatorProof>;
}

export class OperatorKeyFault extends Error {
  override readonly name = 'OperatorKeyFault';
}

const longestFile = 16 * 1024;
const part = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const publicJwk = z.union([
  z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: part, y: part }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: part }),
]);

/** Errors: OperatorKeyFault, in words. */
export async function readOperatorKey(path: string): Promise<OperatorKey> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new OperatorKeyFault(`there is no key file ${path}`);
  if (found.size > longestFile) throw new OperatorKeyFault(`${path} is no key file: it is too large`);
  if ((found.mode & 0o077) !== 0)
    throw new OperatorKeyFault(`${path} can be read by others: run \`chmod 600 ${path}\``);
  return operatorKeyOf(privateKeyOf(path, await readFile(path, 'utf8')));
}

/** Errors: OperatorKeyFault where a file is there already. */
export async function makeOperatorKey(path: string): Promise<OperatorKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  // Never over a file that is there, and never readable by others, not even for a moment.
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new OperatorKeyFault(
      error.code === 'EEXIST' ? `${path} is there already` : `${path} cannot be made (${error.code})`,
    );
  });
  try {
    await file.writeFile(`${JSON.stringify(await exportJWK(privateKey))}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return await readOperatorKey(path);
}

function privateKeyOf(path: string, text: string): KeyObject {
  try {
    if (!text.trimStart().startsWith('{')) return createPrivateKey(text);
    return createPrivateKey({ key: JSON.parse(text) as never, format: 'jwk' });
  } catch {
    throw new OperatorKeyFault(`${path} holds no private key: a JWK, or PEM without a password`);
  }
}

function operatorKeyOf(privateKey: KeyObject): OperatorKey {
  const publicKey = publicKeyText(createPublicKey(privateKey).export({ format: 'jwk' }));
  const thumbprint = thumbprintOf(publicKey);
  return {
    thumbprint,
    publicKey,
    async prove(statement) {
      const how = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
      const signature = sign(digestFor(publicKey), Buffer.from(statement, 'utf8'), how);
      return { key: thumbprint, signature: signature.toString('base64url') };
    },
  };
}

/** The canonical text of a public key. Errors: OperatorKeyFault where it is neither ES256 nor EdDSA. */
export function publicKeyText(jwk: unknown): string {
  const read = publicJwk.safeParse(jwk);
  if (!read.success) throw new OperatorKeyFault('a key is ES256 (P-256) or EdDSA (Ed25519)');
  const text = canonicalJson(read.data);
  try {
    keyObjectOf(text);
  } catch {
    throw new OperatorKeyFault('the public key is no point of its curve');
  }
  return text;
}

/** RFC 7638: for these two kinds of key the canonical text is exactly what is hashed. */
export const thumbprintOf = (publicKey: string): string => hash('sha256', publicKey, 'base64url');

/** Whether the key of that text signed the statement: raw signatures (IEEE P1363, RFC 8032). */
export function signedBy(publicKey: string, statement: string, signature: string): boolean {
  const how = { key: keyObjectOf(publicKey), dsaEncoding: 'ieee-p1363' } as const;
  return verify(
    digestFor(publicKey),
    Buffer.from(statement, 'utf8'),
    how,
    Buffer.from(signature, 'base64url'),
  );
}

const keyObjectOf = (publicKey: string): KeyObject =>
  createPublicKey({ key: JSON.parse(publicKey) as never, format: 'jwk' });

const digestFor = (publicKey: string): string | null => (publicKey.includes('"EC"') ? 'sha256' : null);
