// Publishes the policy set that the broker decides by: text kept, digest in the ledger, both or neither. Verification
// holds every disclosure against it: a decision by a set that was not published before is a violation.
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Clock, nowSeconds } from '../lib/clock.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Policy } from './engine.ts';
import { insertPolicy } from './policy-store.ts';

/** Does nothing when this set is published already. */
export async function publishPolicy(
  parts: { readonly db: Database; readonly ledger: Ledger; readonly clock: Clock },
  policy: Pick<Policy, 'digest' | 'text'>,
): Promise<void> {
  const { db, ledger, clock } = parts;
  const { digest, text } = policy;
  await db.transaction().execute(async (tx) => {
    const effectiveAt = new Date(clock.nowMs());
    if (!(await insertPolicy(tx, { logId: ledger.logId, digest, text, effectiveAt }))) return;
    const body = {
      kind: 'policy.published',
      actor: 'operator',
      policy: digest,
      effective_s: nowSeconds(clock),
    } as const;
    await ledger.appendWithin(tx, [{ req: newRequestId(), householdId: null, body }]);
  });
}
