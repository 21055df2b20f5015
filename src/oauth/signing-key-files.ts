// The private keys of access tokens: ES256, one file each in the key folder, readable by its owner alone.
// A file is never written over, and no fault of one quotes it: the file is a secret.
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWK_EC_Private,
} from 'jose';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { PublicJwk } from '../registry/jwks.ts';

export interface SigningKey {
  /** The thumbprint of RFC 7638. */
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly publicJwk: PublicJwk;
  readonly madeMs: number;
}

const part = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const keyFile = z.strictObject({
  made_ms: z.int().nonnegative(),
  jwk: z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: part, y: part, d: part }),
});

const fileName = /^token-([A-Za-z0-9_-]{43})\.json$/;
const pathOf = (folder: string, kid: string): string => join(folder, `token-${kid}.json`);

/** Makes a key. It signs nothing before it is published. */
export async function makeSigningKey(folder: string, clock: Clock): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const { kty, crv, x, y, d } = (await exportJWK(privateKey)) as JWK_EC_Private;
  const kid = await calculateJwkThumbprint({ kty: 'EC', crv, x, y });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(
    pathOf(folder, kid),
    `${JSON.stringify({ made_ms: clock.nowMs(), jwk: { kty, crv, x, y, d } })}\n`,
  );
  return readSigningKey(folder, kid);
}

/**
 * Under a name that nobody reads until it is whole: a broker that looks at the folder meanwhile must not find half a key.
 * Never readable by others, not even for a moment; and a file of that name could hold this very key only.
 */
async function writeWhole(path: string, text: string): Promise<void> {
  const unfinished = `${path}.new`;
  const file = await open(unfinished, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

/** The newest first. `known` are not read again. */
export async function readSigningKeys(
  folder: string,
  known: ReadonlyMap<string, SigningKey> = new Map(),
): Promise<SigningKey[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const kids = names.map((name) => fileName.exec(name)?.[1]).filter((kid) => kid !== undefined);
  const keys = await Promise.all(kids.map((kid) => known.get(kid) ?? readSigningKey(folder, kid)));
  return keys.sort((a, b) => b.madeMs - a.madeMs || a.kid.localeCompare(b.kid));
}

export const removeSigningKey = (folder: string, kid: string): Promise<void> =>
  rm(pathOf(folder, kid), { force: true });

async function readSigningKey(folder: string, kidOfName: string): Promise<SigningKey> {
  const path = pathOf(folder, kidOfName);
  const read = keyFile.safeParse(parseJson(await readFile(path, 'utf8')));
  if (!read.success) throw new Error(`${path} is not a signing key of ours`);
  const { d, ...publicPart } = read.data.jwk;
  const kid = await calculateJwkThumbprint(publicPart);
  const [privateKey, publicKey] = await Promise.all([
    imported({ ...publicPart, d }),
    importedPublic(publicPart),
  ]);
  return {
    kid,
    privateKey,
    publicKey,
    publicJwk: { ...publicPart, kid, alg: 'ES256' },
    madeMs: read.data.made_ms,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const importedPublic = ({ kty, crv, x, y }: JWK): Promise<CryptoKey> =>
  imported({ kty, crv, x, y } as JWK);

async function imported(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, 'ES256');
  if (key instanceof Uint8Array) throw new TypeError('an EC key is not bytes');
  return key;
}
