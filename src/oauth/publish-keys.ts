// Tells the ledger of every key that signs access tokens, once, before the first token that it signs.
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { newRequestId } from '../lib/ids.ts';
import { insertSigningKeys } from './signing-key-store.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Call at start, before anything is issued. Keys that are in the ledger already stay as they are; any process may try. */
export async function publishSigningKeys(
  { db, ledger }: { readonly db: Database; readonly ledger: Ledger },
  signingKeys: SigningKeys,
): Promise<void> {
  const keys = signingKeys.jwks().keys.map((jwk) => ({ kid: jwk.kid, publicJwk: canonicalJson({ ...jwk }) }));
  await db.transaction().execute(async (tx) => {
    const added = await insertSigningKeys(tx, keys);
    const entries = keys
      .filter(({ kid }) => added.includes(kid))
      .map(({ publicJwk }) => ({
        req: newRequestId(),
        householdId: null,
        body: { kind: 'key.published', actor: 'broker', use: 'tokens', key: publicJwk } as const,
      }));
    if (entries.length > 0) await ledger.appendWithin(tx, entries);
  });
}
