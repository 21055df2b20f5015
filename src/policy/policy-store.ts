// The SQL of published policy texts. Nothing is ever changed or removed: an entry names the digest for good.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ProposalId } from '../lib/ids.ts';

export interface PublishedPolicy {
  readonly digest: string;
  readonly text: string;
}

export interface ScheduledPolicy extends PublishedPolicy {
  /** From 1, in the order of publication. */
  readonly place: number;
  readonly publishedAt: Date;
  readonly effectiveAt: Date;
  readonly weakens: boolean;
}

/** One publication at a time: each is compared with what is in force, and the next must see it. */
export const lockPublications = (tx: BrokerTransaction, logId: number): Promise<unknown> =>
  sql`select pg_advisory_xact_lock(hashtextextended(${`policy ${logId}`}, 0))`.execute(tx);

export async function insertPolicy(
  tx: BrokerTransaction,
  policy: ScheduledPolicy & { readonly logId: number; readonly proposalId: ProposalId | null },
): Promise<void> {
  const { logId, place, digest, text, publishedAt, effectiveAt, weakens, proposalId } = policy;
  await tx
    .insertInto('policy.published')
    .values({
      ...{ log_id: logId, place, digest, text, weakens },
      ...{ published_at: publishedAt, effective_at: effectiveAt, proposal_id: proposalId },
    })
    .execute();
}

/** In the order of publication. */
export async function listSchedule(db: Store, logId: number): Promise<ScheduledPolicy[]> {
  const rows = await db
    .selectFrom('policy.published')
    .select(['place', 'digest', 'text', 'published_at', 'effective_at', 'weakens'])
    .where('log_id', '=', logId)
    .orderBy('place')
    .execute();
  return rows.map(({ published_at, effective_at, ...row }) => ({
    ...row,
    publishedAt: published_at,
    effectiveAt: effective_at,
  }));
}

/** How many there are: a number that only grows. */
export async function countPublished(db: Store, logId: number): Promise<number> {
  const { place } = await db
    .selectFrom('policy.published')
    .select((eb) => eb.fn.coalesce(eb.fn.max('place'), sql<number>`0`).as('place'))
    .where('log_id', '=', logId)
    .executeTakeFirstOrThrow();
  return place;
}

/** Each text once. */
export async function listPolicies(db: Store, logId: number): Promise<PublishedPolicy[]> {
  const schedule = await listSchedule(db, logId);
  return [...new Map(schedule.map(({ digest, text }) => [digest, { digest, text }])).values()];
}

export async function findPolicyText(db: Store, logId: number, digest: string): Promise<string | null> {
  const row = await db
    .selectFrom('policy.published')
    .select('text')
    .where('log_id', '=', logId)
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst();
  return row?.text ?? null;
}

/** Of the sets in effect, the one published last; null where none is. */
export const inForceAt = <Scheduled extends Pick<ScheduledPolicy, 'effectiveAt'>>(
  schedule: readonly Scheduled[],
  nowMs: number,
): Scheduled | null => schedule.findLast(({ effectiveAt }) => effectiveAt.getTime() <= nowMs) ?? null;
