// Every third party waits to be looked at: for a log that goes on after a restore, where a suspension may be among what
// is lost. Who may ask again is for an operator to say, one by one.
import type { BrokerTransaction } from '../db/database.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import type { ClientId } from '../lib/ids.ts';
import { suspendAll } from './registry-change-store.ts';

export interface AllSuspended {
  readonly clientIds: readonly ClientId[];
  /** Each is registered in the new log too, so that it can be verified by itself, and suspended there. */
  readonly entries: readonly EntryDraft[];
}

export async function suspendAllThirdParties(tx: BrokerTransaction, reason: string): Promise<AllSuspended> {
  const standing = await suspendAll(tx, reason);
  const entries = standing.flatMap(({ clientId, group, purposes, suspendedReason, ...one }): EntryDraft[] => [
    {
      kind: 'third-party.registered',
      // Said again, not done: what two operators decided stands in the former log.
      actor: 'broker',
      third_party: clientId,
      class: one.class,
      group,
      purposes: [...purposes],
    },
    { kind: 'third-party.suspended', actor: 'operator', third_party: clientId, reason: suspendedReason },
  ]);
  return { clientIds: standing.map(({ clientId }) => clientId), entries };
}
