// The SQL of published policy texts. Nothing is ever changed or removed: an entry names the digest for good.
import type { Store } from '../db/database.ts';

export interface PublishedPolicy {
  readonly digest: string;
  readonly text: string;
}

/** True when this call added it; waits for another that is adding the same. */
export async function insertPolicy(
  db: Store,
  policy: PublishedPolicy & { logId: number; effectiveAt: Date },
): Promise<boolean> {
  const { logId, digest, text, effectiveAt } = policy;
  const added = await db
    .insertInto('policy.published')
    .values({ log_id: logId, digest, text, effective_at: effectiveAt })
    .onConflict((conflict) => conflict.doNothing())
    .returning('digest')
    .executeTakeFirst();
  return added !== undefined;
}

export async function listPolicies(db: Store, logId: number): Promise<PublishedPolicy[]> {
  return await db
    .selectFrom('policy.published')
    .select(['digest', 'text'])
    .where('log_id', '=', logId)
    .orderBy('effective_at')
    .execute();
}
