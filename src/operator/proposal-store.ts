// The SQL of proposals: made once, decided once, and between the two never changed.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { HouseholdId, OperatorId, ProposalId } from '../lib/ids.ts';

export type ProposalStatus = 'open' | 'approved' | 'done' | 'declined';

export interface Proposal {
  readonly proposalId: ProposalId;
  readonly act: string;
  /** Canonical JSON; null once the household that it was about is erased. */
  readonly payload: string | null;
  readonly salt: Buffer | null;
  readonly digest: string;
  readonly proposedBy: OperatorId;
  readonly proposedAt: Date;
  readonly expiresAt: Date;
  /** `expired` is an open one whose time is over. */
  readonly status: ProposalStatus | 'expired';
  readonly decidedBy: OperatorId | null;
  readonly decidedAt: Date | null;
  /** Why what was approved could not be done yet. */
  readonly fault: string | null;
}

const selectProposals = (store: Store) =>
  store
    .selectFrom('operator.proposal')
    .select([
      'proposal_id',
      'act',
      'payload',
      'salt',
      'digest',
      'proposed_by',
      'proposed_at',
      'expires_at',
      'decided_by',
      'decided_at',
      'fault',
      sql<
        Proposal['status']
      >`case when status = 'open' and expires_at <= ledger.now() then 'expired' else status end`.as(
        'status_now',
      ),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof selectProposals>['execute']>>[number];

const proposalOf = (row: Row): Proposal => ({
  proposalId: row.proposal_id as ProposalId,
  act: row.act,
  payload: row.payload,
  salt: row.salt,
  digest: row.digest,
  proposedBy: row.proposed_by as OperatorId,
  proposedAt: row.proposed_at,
  expiresAt: row.expires_at,
  status: row.status_now,
  decidedBy: row.decided_by as OperatorId | null,
  decidedAt: row.decided_at,
  fault: row.fault,
});

export async function findProposal(store: Store, proposalId: string): Promise<Proposal | null> {
  const row = await selectProposals(store).where('proposal_id', '=', proposalId).executeTakeFirst();
  return row ? proposalOf(row) : null;
}

/** The newest first. `waiting`: those that somebody still has to do something about. */
export async function listProposals(
  store: Store,
  { waiting, most = 200 }: { waiting: boolean; most?: number },
): Promise<Proposal[]> {
  let query = selectProposals(store).orderBy('proposed_at', 'desc').orderBy('proposal_id').limit(most);
  if (waiting)
    query = query.where((eb) =>
      eb.or([
        eb('status', '=', 'approved'),
        eb.and([eb('status', '=', 'open'), eb('expires_at', '>', sql<Date>`ledger.now()`)]),
      ]),
    );
  return (await query.execute()).map(proposalOf);
}

/** How many of one operator's are open. */
export async function countOpenProposals(store: Store, operatorId: OperatorId): Promise<number> {
  const row = await store
    .selectFrom('operator.proposal')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('proposed_by', '=', operatorId)
    .where('status', '=', 'open')
    .where('expires_at', '>', sql<Date>`ledger.now()`)
    .executeTakeFirstOrThrow();
  return row.count;
}

export interface NewProposal {
  readonly proposalId: ProposalId;
  readonly act: string;
  readonly payload: string;
  readonly salt: Buffer;
  readonly digest: string;
  readonly householdId: HouseholdId | null;
  readonly proposedBy: OperatorId;
  readonly proposedAt: Date;
  readonly expiresAt: Date;
}

/** False where there is one of that id already: the same proposal sent again. */
export async function insertProposal(tx: BrokerTransaction, proposal: NewProposal): Promise<boolean> {
  const added = await tx
    .insertInto('operator.proposal')
    .values({
      proposal_id: proposal.proposalId,
      act: proposal.act,
      payload: proposal.payload,
      salt: proposal.salt,
      digest: proposal.digest,
      household_id: proposal.householdId,
      proposed_by: proposal.proposedBy,
      proposed_at: proposal.proposedAt,
      expires_at: proposal.expiresAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('proposal_id')
    .executeTakeFirst();
  return added !== undefined;
}

/** True for one caller only, and for none once its time is over. */
export async function decideProposal(
  tx: BrokerTransaction,
  decision: { proposalId: ProposalId; status: 'approved' | 'done' | 'declined'; decidedBy: OperatorId },
): Promise<boolean> {
  const decided = await tx
    .updateTable('operator.proposal')
    .set({ status: decision.status, decided_by: decision.decidedBy, decided_at: sql<Date>`ledger.now()` })
    .where('proposal_id', '=', decision.proposalId)
    .where('status', '=', 'open')
    .where('expires_at', '>', sql<Date>`ledger.now()`)
    .executeTakeFirst();
  return decided.numUpdatedRows === 1n;
}

/** Of one that was approved and not done in the same step. */
export async function markDone(store: Store, proposalId: ProposalId): Promise<void> {
  await store
    .updateTable('operator.proposal')
    .set({ status: 'done', fault: null })
    .where('proposal_id', '=', proposalId)
    .where('status', '=', 'approved')
    .execute();
}

export async function markFault(store: Store, proposalId: ProposalId, fault: string): Promise<void> {
  await store
    .updateTable('operator.proposal')
    .set({ fault: fault.slice(0, 1000) })
    .where('proposal_id', '=', proposalId)
    .where('status', '=', 'approved')
    .execute();
}
