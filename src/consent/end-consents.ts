// Ends whatever a household has open: consents in force end, requests that wait lapse. For erasing, and for moving out.
import type { BrokerTransaction } from '../db/database.ts';
import type { AppendRequest } from '../ledger/ledger.ts';
import type { HouseholdId } from '../lib/ids.ts';
import { endSiblings } from './consent-step.ts';
import { findHouseholdConsents } from './hold-store.ts';

/** Run with the household held; gives the entries, which belong into the same transaction. */
export async function endHouseholdConsents(
  tx: BrokerTransaction,
  logId: number,
  householdId: HouseholdId,
  nowMs: number,
): Promise<AppendRequest[]> {
  const given = await findHouseholdConsents(tx, householdId, 'given');
  const requested = await findHouseholdConsents(tx, householdId, 'requested');
  return [
    ...(await endSiblings(tx, { logId }, given, 'end', nowMs)),
    ...(await endSiblings(tx, { logId }, requested, 'lapse', nowMs)),
  ];
}
