// The keys that sign access tokens, as this process knows them now: which one signs, which verify, which are published.
// It follows what any process rotates, without a restart; a token of a key not known yet makes it look again.
import type { CryptoKey, JWK } from 'jose';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../observe/logger.ts';
import type { Jwks, PublicJwk } from '../registry/jwks.ts';
import {
  type KeyParts,
  keyLeadSeconds,
  publishSigningKeys,
  retireAfterSeconds,
  retireSigningKeys,
} from './publish-keys.ts';
import {
  importedPublic,
  makeSigningKey,
  readSigningKeys,
  removeSigningKey,
  type SigningKey,
} from './signing-key-files.ts';
import { type KeyRecord, listSigningKeys } from './signing-key-store.ts';

export type { SigningKey } from './signing-key-files.ts';

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

export interface SigningKeys {
  /** The key that signs now. Throws NoSigningKey. */
  current(): SigningKey;
  /** Signing, to come and former, by kid; an unknown one is looked up, four times a second at most, and waits its turn. */
  find(kid: string): PublishedKey | undefined | Promise<PublishedKey | undefined>;
  /** What /.well-known/jwks.json answers. */
  jwks(): Jwks;
  /** Looks at folder and table now, and retires what is due. */
  refresh(): Promise<void>;
  /** Publishes the keys of the folder that no entry names yet. */
  publish(): Promise<void>;
  close(): Promise<void>;
}

export interface SigningKeyParts extends KeyParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

const refreshEveryMs = 10_000;
const lookAgainMs = 250;

interface Ring {
  readonly files: ReadonlyMap<string, SigningKey>;
  /** Not retired, in the order in which they sign. */
  readonly published: ReadonlyMap<string, PublishedKey & { readonly signsFromMs: number }>;
}

/**
 * Throws if there is no key and `makeMissing` is false: production never makes one by itself. With `publishes: false`
 * nothing is written to the ledger until `publish` is called.
 */
export async function openSigningKeys(
  parts: SigningKeyParts,
  folder: string,
  { makeMissing, publishes = true }: { makeMissing: boolean; publishes?: boolean },
): Promise<SigningKeys> {
  await haveKey(parts, folder, makeMissing);
  if (publishes) await publishMissing(parts, folder);
  let ring = await readRing(parts, folder, { files: new Map(), published: new Map() });
  if (publishes) signerOf(ring, parts.clock);
  let refreshing: Promise<void> | null = null;
  let looking: Promise<void> | null = null;
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function readAgain(): Promise<void> {
    lookedAt = performance.now();
    if (hasDue(ring, parts.clock)) await retireSigningKeys(parts);
    ring = await readRing(parts, folder, ring);
    signerOf(ring, parts.clock);
  }
  const refresh = (): Promise<void> => {
    refreshing ??= readAgain().finally(() => {
      refreshing = null;
    });
    return refreshing;
  };
  const timer = setInterval(() => void refresh().catch(complain), refreshEveryMs);
  timer.unref();
  const complain = (error: unknown) =>
    parts.logger.error({ err: error }, 'the signing keys could not be read');

  return {
    current: () => signerOf(ring, parts.clock),
    find(kid) {
      const known = ring.published.get(kid);
      if (known) return known;
      looking ??= pause(lookedAt + lookAgainMs - performance.now())
        // One that is under way may have begun before the key was there.
        .then(() => refreshing?.catch(() => {}))
        .then(() => {
          looking = null;
          return refresh();
        })
        .catch(complain);
      return looking.then(() => ring.published.get(kid));
    },
    async publish() {
      await publishMissing(parts, folder);
      await refreshing?.catch(() => {});
      await refresh();
    },
    jwks: () => ({ keys: [...ring.published.values()].reverse().map((key) => key.publicJwk) }),
    refresh,
    async close() {
      clearInterval(timer);
      await refreshing?.catch(() => {});
    },
  };
}

const pause = (ms: number): Promise<void> =>
  ms <= 0 ? Promise.resolve() : new Promise((done) => setTimeout(done, ms));

async function haveKey(parts: SigningKeyParts, folder: string, makeMissing: boolean): Promise<void> {
  const dead = new Set(retired(await listSigningKeys(parts.db)));
  const files = await readSigningKeys(folder);
  if (files.some((key) => !dead.has(key.kid))) return;
  if (!makeMissing)
    throw new Error(`there is no key to sign access tokens in ${folder}: run stabledoor init`);
  await makeSigningKey(folder, parts.clock);
}

async function publishMissing(parts: SigningKeyParts, folder: string): Promise<void> {
  const records = await listSigningKeys(parts.db);
  const dead = new Set(retired(records));
  const files = (await readSigningKeys(folder)).filter((key) => !dead.has(key.kid));
  // The first key of all signs at once; one that comes beside others is made known before it does.
  const leadSeconds = records.length === dead.size ? 0 : keyLeadSeconds;
  await publishSigningKeys(parts, files, { leadSeconds, actor: 'broker' });
}

const retired = (records: readonly KeyRecord[]): string[] =>
  records.filter((record) => record.retiredAt !== null).map((record) => record.kid);

async function readRing({ db, logger }: SigningKeyParts, folder: string, before: Ring): Promise<Ring> {
  const records = await listSigningKeys(db);
  const files = new Map((await readSigningKeys(folder, before.files)).map((key) => [key.kid, key]));
  for (const { kid, retiredAt } of records) {
    if (retiredAt === null || !files.has(kid)) continue;
    // What no token needs any more cannot be stolen when it is gone.
    await removeSigningKey(folder, kid);
    files.delete(kid);
    logger.info({ kid }, 'a retired key was removed');
  }
  const alive = records.filter((record) => record.retiredAt === null);
  const published = await Promise.all(
    alive.map(async (record) => before.published.get(record.kid) ?? publishedKey(record)),
  );
  return { files, published: new Map(published.map((key) => [key.kid, key])) };
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
function signerOf({ files, published }: Ring, clock: Clock): SigningKey {
  const here = [...published.values()].filter(({ kid }) => files.has(kid));
  const begun = here.filter(({ signsFromMs }) => signsFromMs <= clock.nowMs());
  const key = files.get((begun.at(-1) ?? here[0])?.kid ?? '');
  if (!key) throw new NoSigningKey();
  return key;
}

const hasDue = ({ published }: Ring, clock: Clock): boolean =>
  [...published.values()]
    .slice(1)
    .some(({ signsFromMs }) => signsFromMs + retireAfterSeconds * 1000 <= clock.nowMs());
