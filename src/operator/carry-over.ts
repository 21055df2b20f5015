// The operators whom a log that goes on takes over from the former one: those in office, with each of their keys. Who was
// removed is none there, and nobody becomes an operator by it.
import type { Store } from '../db/database.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import { listCredentials, listOperators } from './operator-store.ts';

/** An entry a key, in the order in which they came. */
export async function operatorsCarriedOver(store: Store): Promise<EntryDraft[]> {
  const credentials = await listCredentials(store);
  const inOffice = (await listOperators(store)).filter(({ removedAt }) => removedAt === null);
  return inOffice.flatMap(({ operatorId, role }) =>
    credentials
      .filter((one) => one.operatorId === operatorId)
      .map(({ publicKey, keptIn }) => ({
        kind: 'operator.carried',
        actor: 'broker',
        operator: operatorId,
        role,
        key: publicKey,
        kept_in: keptIn,
      })),
  );
}
