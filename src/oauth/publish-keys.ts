// Publishes and retires the keys that sign access tokens, each in the ledger: state and entry commit together.
// A key is published before it signs, and stays published until the last token that it signed has expired.
import type { Database } from '../db/database.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import { newRequestId } from '../lib/ids.ts';
import { accessTokenLifetimeSeconds } from './access-token.ts';
import { makeSigningKey, type SigningKey } from './signing-key-files.ts';
import {
  insertSigningKeys,
  type KeyRecord,
  listSigningKeys,
  retireDueKeys,
  retireKeyNow,
} from './signing-key-store.ts';

export interface KeyParts {
  readonly db: Database;
  readonly ledger: Ledger;
}

/** How long others may keep a copy of the key set (`Cache-Control` of jwks.json), and as long again. */
export const keyLeadSeconds = 600;
/** The last token of a key ends this long after its successor began to sign; the rest is for processes that hear late. */
export const retireAfterSeconds = accessTokenLifetimeSeconds + 300;

/** Call at start, before anything is issued. Keys that are known already stay as they are; any process may try. */
export async function publishSigningKeys(
  { db, ledger }: KeyParts,
  keys: readonly SigningKey[],
  { leadSeconds, actor }: { leadSeconds: number; actor: 'broker' | 'operator' },
): Promise<void> {
  const published = keys.map(({ kid, publicJwk }) => ({ kid, publicJwk: canonicalJson({ ...publicJwk }) }));
  await db.transaction().execute(async (tx) => {
    const added = await insertSigningKeys(tx, published, leadSeconds);
    const entries = published
      .filter(({ kid }) => added.includes(kid))
      .map(({ publicJwk }) => entryOf({ kind: 'key.published', actor, use: 'tokens', key: publicJwk }));
    if (entries.length > 0) await ledger.appendWithin(tx, entries);
  });
}

/**
 * Makes a key that signs from `leadSeconds` on, in every process, without a restart. With no lead, for a key that got
 * out: whoever keeps a copy of the key set must read it again.
 */
export async function rotateSigningKeys(
  parts: KeyParts & { readonly clock: Clock },
  folder: string,
  { leadSeconds = keyLeadSeconds }: { leadSeconds?: number } = {},
): Promise<KeyRecord> {
  const made = await makeSigningKey(folder, parts.clock);
  await publishSigningKeys(parts, [made], { leadSeconds, actor: 'operator' });
  const record = (await listSigningKeys(parts.db)).find(({ kid }) => kid === made.kid);
  if (!record) throw new Error('the key that was made is not published');
  return record;
}

/** Gives how many it retired. Any process may try; each key is retired once. */
export async function retireSigningKeys({ db, ledger }: KeyParts): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const retired = await retireDueKeys(tx);
    const entries = retired.map((key) =>
      entryOf({ kind: 'key.retired', actor: 'broker', use: 'tokens', key }),
    );
    if (entries.length > 0) await ledger.appendWithin(tx, entries);
    return retired.length;
  });
}

/**
 * For a key that got out: whatever it signed, here or elsewhere, is dead from now on, and it signs nothing more. Third parties
 * refresh. One operator does it, and no second one has to be found first: it ends nothing but tokens of five minutes.
 * Errors: `not_found`; `illegal_transition` where it was retired before, or is the only one that signs.
 */
export async function retireSigningKey({ db, ledger }: KeyParts, kid: string): Promise<KeyRecord> {
  return db.transaction().execute(async (tx) => {
    const key = await retireKeyNow(tx, kid);
    const record = (await listSigningKeys(tx)).find((known) => known.kid === kid);
    if (record === undefined)
      throw new StabledoorError('not_found', 'There is no such key of access tokens.');
    if (key === null)
      throw new StabledoorError(
        'illegal_transition',
        'The key was retired before, or no other one signs yet: run `stabledoor keys rotate tokens --now` first.',
      );
    await ledger.appendWithin(tx, [entryOf({ kind: 'key.retired', actor: 'operator', use: 'tokens', key })]);
    return record;
  });
}

const entryOf = (body: EntryDraft) => ({ req: newRequestId(), householdId: null, body });
