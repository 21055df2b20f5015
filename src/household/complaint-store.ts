// The SQL of complaints. What a household wrote is never changed; what came of it is said once.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ComplaintId, HouseholdId } from '../lib/ids.ts';

export interface Complaint {
  readonly complaintId: ComplaintId;
  readonly householdId: HouseholdId;
  readonly text: string;
  readonly madeAt: Date;
  readonly acknowledgedAt: Date | null;
  readonly answer: string | null;
  readonly answeredAt: Date | null;
  /** Not acknowledged within the 30 days in which that must be. */
  readonly isOverdue: boolean;
}

const now = sql<Date>`ledger.now()`;
export const acknowledgeWithinDays = 30;

/** False where the household has `most` of them open. */
export async function insertComplaint(
  store: Store,
  complaint: Pick<Complaint, 'complaintId' | 'householdId' | 'text'>,
  most: number,
): Promise<boolean> {
  const { complaintId, householdId, text } = complaint;
  const { rows } = await sql`
    insert into household.complaint (complaint_id, household_id, text, made_at)
    select ${complaintId}, ${householdId}, ${text}, ledger.now()
     where (select count(*) from household.complaint c
             where c.household_id = ${householdId} and c.answered_at is null) < ${most}
    returning 1`.execute(store);
  return rows.length === 1;
}

/** Of a household, the newest first; at most 100. */
export async function listOwnComplaints(store: Store, householdId: HouseholdId): Promise<Complaint[]> {
  const rows = await complaints(store)
    .where('household_id', '=', householdId)
    .orderBy('made_at', 'desc')
    .limit(100)
    .execute();
  return rows.map(complaintOf);
}

/** The oldest first: those that wait, or all. */
export async function listComplaints(
  store: Store,
  { all, limit }: { readonly all: boolean; readonly limit: number },
): Promise<Complaint[]> {
  const query = complaints(store).orderBy('made_at').limit(limit);
  const rows = await (all ? query : query.where('answered_at', 'is', null)).execute();
  return rows.map(complaintOf);
}

/** False where there is none, or it was acknowledged before. */
export async function acknowledge(store: Store, complaintId: string): Promise<boolean> {
  const { numUpdatedRows } = await store
    .updateTable('household.complaint')
    .set({ acknowledged_at: now })
    .where('complaint_id', '=', complaintId)
    .where('acknowledged_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Acknowledges it as well, where nobody had. False where there is none, or it was answered before. */
export async function answerComplaint(store: Store, complaintId: string, answer: string): Promise<boolean> {
  const { numUpdatedRows } = await store
    .updateTable('household.complaint')
    .set({ answer, answered_at: now, acknowledged_at: sql<Date>`coalesce(acknowledged_at, ledger.now())` })
    .where('complaint_id', '=', complaintId)
    .where('answered_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

const complaints = (store: Store) =>
  store
    .selectFrom('household.complaint')
    .selectAll()
    .select(
      sql<boolean>`(acknowledged_at is null and made_at < ledger.now() - ${acknowledgeWithinDays} * interval '1 day')`.as(
        'overdue',
      ),
    );

const complaintOf = (
  row: Awaited<ReturnType<ReturnType<typeof complaints>['execute']>>[number],
): Complaint => ({
  complaintId: row.complaint_id as ComplaintId,
  householdId: row.household_id as HouseholdId,
  text: row.text,
  madeAt: row.made_at,
  acknowledgedAt: row.acknowledged_at,
  answer: row.answer,
  answeredAt: row.answered_at,
  isOverdue: row.overdue,
});
