// What became of the message to a third party that a consent is over, for the household that ended it.
import type { Store } from '../db/database.ts';
import type { ConsentId } from '../lib/ids.ts';

export interface ToldNotice {
  /** Null while it is on its way. */
  readonly outcome: 'delivered' | 'refused' | 'mailed' | 'given-up' | null;
  /** When that was; of one on its way, when it was written. */
  readonly at: Date;
}

/** By consent; none where the third party has said nowhere to tell it, or it is so long ago that nobody knows any more. */
export async function toldOf(
  store: Store,
  consentIds: readonly ConsentId[],
): Promise<ReadonlyMap<string, ToldNotice>> {
  if (consentIds.length === 0) return new Map();
  const rows = await store
    .selectFrom('notify.notice')
    .select(['subject', 'outcome', 'happened_at', 'settled_at'])
    .where('subject', 'in', [...consentIds])
    .where('event', '=', 'consent-over')
    .execute();
  return new Map(
    rows.map((row) => [row.subject, { outcome: row.outcome, at: row.settled_at ?? row.happened_at }]),
  );
}
