// The SQL of helpers: invited, accepted, ended. An invitation is accepted by one update alone.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { HelperId, HouseholdId, OccupierId } from '../lib/ids.ts';

const now = sql<Date>`ledger.now()`;

export interface Helper {
  readonly helperId: HelperId;
  readonly householdId: HouseholdId;
  readonly email: string;
  readonly invitedAt: Date;
  /** Null while the invitation is open. */
  readonly acceptedAt: Date | null;
}

export interface NewHelper {
  readonly helperId: HelperId;
  readonly householdId: HouseholdId;
  readonly email: string;
  readonly tokenHash: Buffer;
  readonly lifetimeSeconds: number;
}

export async function insertHelper(store: Store, helper: NewHelper): Promise<void> {
  await store
    .insertInto('household.helper')
    .values({
      helper_id: helper.helperId,
      household_id: helper.householdId,
      email: helper.email,
      token_hash: helper.tokenHash,
      invited_at: now,
      expires_at: sql<Date>`ledger.now() + ${helper.lifetimeSeconds} * interval '1 second'`,
    })
    .execute();
}

/** How many a household invited within so many seconds, whatever became of them. */
export async function countInvitations(
  store: Store,
  householdId: HouseholdId,
  withinSeconds: number,
): Promise<number> {
  const row = await store
    .selectFrom('household.helper')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('household_id', '=', householdId)
    .where('invited_at', '>', sql<Date>`ledger.now() - ${withinSeconds} * interval '1 second'`)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Those who help a household, and invitations that are open. */
export async function listHelpers(store: Store, householdId: HouseholdId): Promise<Helper[]> {
  const rows = await store
    .selectFrom('household.helper')
    .select(['helper_id', 'household_id', 'email', 'invited_at', 'accepted_at'])
    .where('household_id', '=', householdId)
    .where('ended_at', 'is', null)
    .where((eb) => eb.or([eb('accepted_at', 'is not', null), eb('expires_at', '>', now)]))
    .orderBy('invited_at')
    .limit(50)
    .execute();
  return rows.map((row) => ({
    helperId: row.helper_id as HelperId,
    householdId: row.household_id as HouseholdId,
    email: row.email,
    invitedAt: row.invited_at,
    acceptedAt: row.accepted_at,
  }));
}

export interface Helped {
  readonly helperId: HelperId;
  readonly householdId: HouseholdId;
  /** Who asked for help. */
  readonly email: string;
}

/** Whom an occupier helps. */
export async function listHelped(store: Store, occupierId: OccupierId): Promise<Helped[]> {
  const rows = await store
    .selectFrom('household.helper as h')
    .innerJoin('household.occupier as o', 'o.household_id', 'h.household_id')
    .select(['h.helper_id', 'h.household_id', 'o.email'])
    .where('h.occupier_id', '=', occupierId)
    .where('h.ended_at', 'is', null)
    .orderBy('h.accepted_at')
    .limit(50)
    .execute();
  return rows.map((row) => ({
    helperId: row.helper_id as HelperId,
    householdId: row.household_id as HouseholdId,
    email: row.email,
  }));
}

export async function isHelper(
  store: Store,
  occupierId: OccupierId,
  householdId: HouseholdId,
): Promise<boolean> {
  const row = await store
    .selectFrom('household.helper')
    .select('helper_id')
    .where('occupier_id', '=', occupierId)
    .where('household_id', '=', householdId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** The address that an open invitation was sent to; null where there is none. */
export async function findInvited(store: Store, tokenHash: Buffer): Promise<string | null> {
  const row = await store
    .selectFrom('household.helper')
    .select('email')
    .where('token_hash', '=', tokenHash)
    .where('accepted_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row?.email ?? null;
}

/** True for one caller only. */
export async function acceptInvitation(
  tx: BrokerTransaction,
  tokenHash: Buffer,
  householdId: HouseholdId,
): Promise<boolean> {
  const row = await tx
    .updateTable('household.helper')
    .set((eb) => ({
      accepted_at: now,
      occupier_id: eb
        .selectFrom('household.occupier')
        .select('occupier_id')
        .whereRef('household.occupier.email', '=', 'household.helper.email')
        .where('household.occupier.household_id', '=', householdId),
    }))
    .where('token_hash', '=', tokenHash)
    .where('accepted_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('helper_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** By the household that asked, or by the helper: whichever is named. */
export async function endHelper(
  store: Store,
  helperId: HelperId,
  by: { readonly householdId: HouseholdId } | { readonly occupierId: OccupierId },
): Promise<void> {
  await store
    .updateTable('household.helper')
    .set({ ended_at: now })
    .where('helper_id', '=', helperId)
    .where('ended_at', 'is', null)
    .$if('householdId' in by, (query) =>
      query.where('household_id', '=', 'householdId' in by ? by.householdId : ''),
    )
    .$if('occupierId' in by, (query) =>
      query.where('occupier_id', '=', 'occupierId' in by ? by.occupierId : ''),
    )
    .execute();
}

/** All helpers of these households, and all open invitations. */
export async function endHelpers(tx: BrokerTransaction, householdIds: readonly HouseholdId[]): Promise<void> {
  await tx
    .updateTable('household.helper')
    .set({ ended_at: now })
    .where('household_id', 'in', [...householdIds])
    .where('ended_at', 'is', null)
    .execute();
}
