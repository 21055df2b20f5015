// The SQL of erasures: who asked, what is due, and the two functions that close a household and delete its rows.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { HouseholdId, ProposalId, RequestId } from '../lib/ids.ts';

export interface Erasure {
  readonly householdId: HouseholdId;
  readonly askedBy: 'householder' | 'operator';
  readonly dueAt: Date;
  /** By what proposal an operator asked for it; null where the householder did, or outside production. */
  readonly proposalId: ProposalId | null;
}

/** Asking again changes nothing but to bring the day nearer. Returns the day. */
export async function insertErasure(store: Store, erasure: Erasure): Promise<Date> {
  const { householdId, askedBy, dueAt, proposalId } = erasure;
  const { rows } = await sql<{ due_at: Date }>`
    insert into household.erasure (household_id, asked_by, asked_at, due_at, proposal_id)
      values (${householdId}, ${askedBy}, least(ledger.now(), ${dueAt}), ${dueAt}, ${proposalId})
    on conflict (household_id) do nothing returning due_at`.execute(store);
  return rows[0]?.due_at ?? (await findErasure(store, householdId))?.dueAt ?? dueAt;
}

export async function findErasure(store: Store, householdId: HouseholdId): Promise<Erasure | null> {
  const row = await store
    .selectFrom('household.erasure')
    .select(['household_id', 'asked_by', 'due_at', 'proposal_id'])
    .where('household_id', '=', householdId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { asked_by: askedBy, due_at: dueAt, proposal_id } = row;
  return { householdId, askedBy, dueAt, proposalId: proposal_id as ProposalId | null };
}

/** Also those that were begun and cut short: their row goes last. */
export async function listDueErasures(store: Store, most: number): Promise<HouseholdId[]> {
  const { rows } = await sql<{ household_id: HouseholdId }>`
    select household_id from household.erasure where due_at <= ledger.now() order by due_at limit ${most}`.execute(
    store,
  );
  return rows.map((row) => row.household_id);
}

export async function deleteErasure(store: Store, householdId: HouseholdId): Promise<void> {
  await store.deleteFrom('household.erasure').where('household_id', '=', householdId).execute();
}

/** The householder thought better of it. Does nothing once the chain is closed. */
export async function withdrawErasure(store: Store, logId: number, householdId: HouseholdId): Promise<void> {
  await sql`
    delete from household.erasure e where e.household_id = ${householdId} and not exists (
      select from subject.closed c where c.log_id = ${logId} and c.household_id = e.household_id)`.execute(
    store,
  );
}

/** False when it was closed before. */
export async function closeSubject(
  store: Store,
  logId: number,
  householdId: HouseholdId,
  req: RequestId,
): Promise<boolean> {
  const { rows } = await sql<{ closed: boolean | null }>`
    select subject.close(${logId}::smallint, ${householdId}, ${req}::uuid) as closed`.execute(store);
  return rows[0]?.closed === true;
}

/** Refused (SD006) unless the ledger has the entry that closed it. */
export async function eraseRows(store: Store, logId: number, householdId: HouseholdId): Promise<void> {
  await sql`select subject.erase(${logId}::smallint, ${householdId})`.execute(store);
}

export async function countEntries(store: Store, logId: number, householdId: HouseholdId): Promise<number> {
  const row = await store
    .selectFrom('subject.chain')
    .select('next_sseq')
    .where('log_id', '=', logId)
    .where('household_id', '=', householdId)
    .executeTakeFirst();
  return row?.next_sseq ?? 0;
}

export async function householdExists(store: Store, householdId: HouseholdId): Promise<boolean> {
  const row = await store
    .selectFrom('household.household')
    .select('household_id')
    .where('household_id', '=', householdId)
    .executeTakeFirst();
  return row !== undefined;
}
