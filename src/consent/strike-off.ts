// A third party that is struck off: it is suspended for good, and whatever it was given by consent ends at that moment.
import type { BrokerTransaction } from '../db/database.ts';
import type { AppendRequest } from '../ledger/ledger.ts';
import { type ClientId, newRequestId, type ProposalId } from '../lib/ids.ts';
import { strikeOffWithin } from '../registry/registry.ts';
import { endConsentsOfParty } from './consent-change-store.ts';

/**
 * Gives the entry. Each consent is over from now on for every read, and gets its own `consent.ended` within half a minute, as one
 * that time has ended: a third party may have more of them than one transaction should write. Errors: `illegal_transition`.
 */
export async function strikeOff(
  tx: BrokerTransaction,
  struck: { readonly clientId: ClientId; readonly reason: string },
  proposalId: ProposalId | null,
): Promise<AppendRequest[]> {
  const body = await strikeOffWithin(tx, struck, proposalId);
  await endConsentsOfParty(tx, struck.clientId);
  return [{ req: newRequestId(), householdId: null, body }];
}
