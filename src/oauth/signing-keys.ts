// The keys that sign access tokens: ES256, one file each in the key folder, the newest signs and all are published.
// A former key stays published as long as its file is there, so that no token that it signed is orphaned.
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
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
import type { Jwks, PublicJwk } from '../registry/jwks.ts';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly publicJwk: PublicJwk;
  readonly madeMs: number;
}

export interface SigningKeys {
  /** The key that signs from now on. */
  current(): SigningKey;
  /** Current and former, by kid. */
  find(kid: string): SigningKey | undefined;
  /** What /.well-known/jwks.json answers. */
  jwks(): Jwks;
}

const part = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const keyFile = z.strictObject({
  made_ms: z.int().nonnegative(),
  jwk: z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: part, y: part, d: part }),
});

const fileName = /^token-[A-Za-z0-9_-]{43}\.json$/;

/** Throws if there is no key and `makeMissing` is false: production never makes one by itself. */
export async function openSigningKeys(
  folder: string,
  { clock, makeMissing }: { clock: Clock; makeMissing: boolean },
): Promise<SigningKeys> {
  let keys = await readKeys(folder);
  if (keys.length === 0) {
    if (!makeMissing)
      throw new Error(`there is no key to sign access tokens in ${folder}: run stabledoor init`);
    await makeSigningKey(folder, clock);
    keys = await readKeys(folder);
  }
  const [newest] = keys;
  if (!newest) throw new Error(`the key that was made in ${folder} cannot be read`);
  const byKid = new Map(keys.map((key) => [key.kid, key]));
  return {
    current: () => newest,
    find: (kid) => byKid.get(kid),
    jwks: () => ({ keys: keys.map((key) => key.publicJwk) }),
  };
}

/** Makes a key, which signs from the next opening on. Returns its kid, the thumbprint of RFC 7638. */
export async function makeSigningKey(folder: string, clock: Clock): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const { kty, crv, x, y, d } = (await exportJWK(privateKey)) as JWK_EC_Private;
  const kid = await calculateJwkThumbprint({ kty: 'EC', crv, x, y });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Never over a file that is there, and never readable by others, not even for a moment.
  const file = await open(join(folder, `token-${kid}.json`), 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ made_ms: clock.nowMs(), jwk: { kty, crv, x, y, d } })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return kid;
}

async function readKeys(folder: string): Promise<SigningKey[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => fileName.test(name));
  const keys = await Promise.all(files.map((name) => readKey(join(folder, name))));
  return keys.sort((a, b) => b.madeMs - a.madeMs || a.kid.localeCompare(b.kid));
}

async function readKey(path: string): Promise<SigningKey> {
  // The message of a JSON or schema fault may quote the file, and the file is a secret.
  const read = keyFile.safeParse(parseJson(await readFile(path, 'utf8')));
  if (!read.success) throw new Error(`${path} is not a signing key of ours`);
  const { d, ...publicPart } = read.data.jwk;
  const kid = await calculateJwkThumbprint(publicPart);
  const [privateKey, publicKey] = await Promise.all([imported({ ...publicPart, d }), imported(publicPart)]);
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

async function imported(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, 'ES256');
  if (key instanceof Uint8Array) throw new TypeError('an EC key is not bytes');
  return key;
}
