// The SQL that reads the steps of a consent: when each was taken, and where the ledger has it.
import type { Store } from '../db/database.ts';
import type { ConsentId } from '../lib/ids.ts';

/** When each step was taken and where the ledger holds it; null while its entry still waits to be written. */
export async function listSteps(
  store: Store,
  consentId: ConsentId,
): Promise<{ event: string; version: number; at: Date; index: number | null }[]> {
  return store
    .selectFrom('consent.step as s')
    .leftJoin('ledger.request as r', (join) =>
      join.onRef('r.log_id', '=', 's.log_id').onRef('r.req', '=', 's.req'),
    )
    .select(['s.event', 's.version', 's.at', 'r.idx as index'])
    .where('s.consent_id', '=', consentId)
    .orderBy('s.at')
    .orderBy('r.idx')
    .execute();
}
