// What one process knows of the keys of access tokens at one moment: those that verify, from the table, and those of them that
// it can sign with, from its folder.
import type { CryptoKey, JWK } from 'jose';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../observe/logger.ts';
import type { PublicJwk } from '../registry/jwks.ts';
import { type KeyParts, retireAfterSeconds } from './publish-keys.ts';
import { importedPublic, readSigningKeys, removeSigningKey, type SigningKey } from './signing-key-files.ts';
import { type KeyRecord, listSigningKeys } from './signing-key-store.ts';

/** What verifies. */
export interface PublishedKey {
  readonly kid: string;
  readonly publicKey: CryptoKey;
  readonly publicJwk: PublicJwk;
}

/** Of those that are published none is in the key folder of this process. */
export class NoSigningKey extends Error {
  constructor() {
    super('no published key to sign access tokens is here: run stabledoor keys rotate tokens');
  }
}

export interface SigningKeyParts extends KeyParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Ring {
  readonly files: ReadonlyMap<string, SigningKey>;
  /** Not retired, in the order in which they sign. */
  readonly published: ReadonlyMap<string, PublishedKey & { readonly signsFromMs: number }>;
}

export const retired = (records: readonly KeyRecord[]): string[] =>
  records.filter((record) => record.retiredAt !== null).map((record) => record.kid);

/** The table says which keys count, the folder only which of them this process can sign with. */
export async function readRing(parts: SigningKeyParts, folder: string, before: Ring): Promise<Ring> {
  const records = await listSigningKeys(parts.db);
  const alive = records.filter((record) => record.retiredAt === null);
  const published = await Promise.all(
    alive.map(async (record) => before.published.get(record.kid) ?? publishedKey(record)),
  );
  const files = await readFiles(parts, folder, before.files, new Set(retired(records)));
  return { files, published: new Map(published.map((key) => [key.kid, key])) };
}

/** Those of before where the folder cannot be read: what others sign is verified, and what is retired is dropped, without it. */
async function readFiles(
  { logger }: SigningKeyParts,
  folder: string,
  before: Ring['files'],
  dead: ReadonlySet<string>,
): Promise<Ring['files']> {
  let files: readonly SigningKey[] = [...before.values()];
  try {
    files = await readSigningKeys(folder, before);
    for (const { kid } of files.filter((key) => dead.has(key.kid))) {
      // What no token needs any more cannot be stolen when it is gone.
      await removeSigningKey(folder, kid);
      logger.info({ kid }, 'a retired key was removed');
    }
  } catch (error) {
    logger.error(
      { err: error },
      'the folder of the signing keys could not be read, or a retired key not removed',
    );
  }
  return new Map(files.filter(({ kid }) => !dead.has(kid)).map((key) => [key.kid, key]));
}

async function publishedKey({ kid, publicJwk, signsFrom }: KeyRecord) {
  const jwk = JSON.parse(publicJwk) as PublicJwk;
  return {
    kid,
    publicJwk: jwk,
    publicKey: await importedPublic(jwk as JWK),
    signsFromMs: signsFrom.getTime(),
  };
}

/** The newest whose time has come and that is here; before any has, the first that will. */
export function signerOf({ files, published }: Ring, clock: Clock): SigningKey {
  const here = [...published.values()].filter(({ kid }) => files.has(kid));
  const begun = here.filter(({ signsFromMs }) => signsFromMs <= clock.nowMs());
  const key = files.get((begun.at(-1) ?? here[0])?.kid ?? '');
  if (!key) throw new NoSigningKey();
  return key;
}

export const hasDue = ({ published }: Ring, clock: Clock): boolean =>
  [...published.values()]
    .slice(1)
    .some(({ signsFromMs }) => signsFromMs + retireAfterSeconds * 1000 <= clock.nowMs());
