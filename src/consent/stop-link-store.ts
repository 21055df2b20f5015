// The SQL of stop links: the hash of a link's secret, and the consent that it stops. A link works for as long as its
// consent is known, however often it is opened.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ConsentId, OccupierId } from '../lib/ids.ts';

export async function insertStopLink(store: Store, tokenHash: Buffer, consentId: ConsentId): Promise<void> {
  await store
    .insertInto('consent.stop_link')
    .values({ token_hash: tokenHash, consent_id: consentId, made_at: sql<Date>`ledger.now()` })
    .execute();
}

export async function countStopLinks(store: Store, consentId: ConsentId): Promise<number> {
  const { links } = await store
    .selectFrom('consent.stop_link')
    .select((eb) => eb.fn.countAll<number>().as('links'))
    .where('consent_id', '=', consentId)
    .executeTakeFirstOrThrow();
  return links;
}

export async function findStopLink(
  store: Store,
  tokenHash: Buffer,
): Promise<{ consentId: ConsentId; occupierId: OccupierId } | null> {
  const row = await store
    .selectFrom('consent.stop_link as s')
    .innerJoin('consent.consent as c', 'c.consent_id', 's.consent_id')
    .select(['c.consent_id', 'c.occupier_id'])
    .where('s.token_hash', '=', tokenHash)
    .executeTakeFirst();
  return row ? { consentId: row.consent_id as ConsentId, occupierId: row.occupier_id as OccupierId } : null;
}
