// The keys that sign access tokens, as this process knows them now: which one signs, which verify, which are published.
// It follows what any process rotates, without a restart; a token of a key not known yet makes it look again.
import type { Jwks } from '../registry/jwks.ts';
import { keyLeadSeconds, publishSigningKeys, retireSigningKeys } from './publish-keys.ts';
import { makeSigningKey, readSigningKeys, type SigningKey } from './signing-key-files.ts';
import {
  hasDue,
  NoSigningKey,
  type PublishedKey,
  readRing,
  retired,
  type SigningKeyParts,
  signerOf,
} from './signing-key-ring.ts';
import { listSigningKeys } from './signing-key-store.ts';

export interface SigningKeys {
  /** The key that signs now. Throws NoSigningKey. */
  current(): SigningKey;
  /**
   * Signing, to come and former, by kid; an unknown one is looked up, four times a second at most, and waits its turn.
   * Rejects where it could not be looked up: that a key is not known says nothing then.
   */
  find(kid: string): PublishedKey | undefined | Promise<PublishedKey | undefined>;
  /** What /.well-known/jwks.json answers. */
  jwks(): Jwks;
  /** Looks at folder and table now, and retires what is due. */
  refresh(): Promise<void>;
  /** Publishes the keys of the folder that no entry names yet. */
  publish(): Promise<void>;
  close(): Promise<void>;
}

const refreshEveryMs = 10_000;
const lookAgainMs = 250;

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
  /** Resolves with why nothing could be found; null if something could. */
  let looking: Promise<unknown> | null = null;
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
  /** What it says is said; null where it only cannot sign, for then it looked all the same. */
  function complain(error: unknown): unknown {
    parts.logger.error({ err: error }, 'the signing keys could not be read');
    return error instanceof NoSigningKey ? null : error;
  }

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
        .then(() => null, complain);
      return looking.then((failure) => {
        const found = ring.published.get(kid);
        if (found === undefined && failure !== null) throw failure;
        return found;
      });
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
