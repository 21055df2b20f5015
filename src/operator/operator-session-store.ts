// The SQL of operators' sessions: found by the hash of their token, while the session and the operator last.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { OperatorId } from '../lib/ids.ts';

const now = sql<Date>`ledger.now()`;
const seconds = (count: number) => sql`${count} * interval '1 second'`;

/** Lets a few that are over go as well. */
export async function insertOperatorSession(
  store: Store,
  session: { tokenHash: Buffer; operatorId: OperatorId; lifetimeSeconds: number },
): Promise<void> {
  await store
    .insertInto('operator.session')
    .values({
      token_hash: session.tokenHash,
      operator_id: session.operatorId,
      begun_at: now,
      seen_at: now,
      expires_at: sql<Date>`ledger.now() + ${seconds(session.lifetimeSeconds)}`,
    })
    .execute();
  await store
    .deleteFrom('operator.session')
    .where('token_hash', 'in', (eb) =>
      eb.selectFrom('operator.session').select('token_hash').where('expires_at', '<', now).limit(20),
    )
    .execute();
}

/** Whose it is; null where it is over, was left idle, or its operator was removed. Keeps it awake. */
export async function useOperatorSession(
  store: Store,
  tokenHash: Buffer,
  idleSeconds: number,
): Promise<OperatorId | null> {
  const row = await store
    .updateTable('operator.session as s')
    .set({ seen_at: now })
    .where('s.token_hash', '=', tokenHash)
    .where('s.ended_at', 'is', null)
    .where('s.expires_at', '>', now)
    .where('s.seen_at', '>', sql<Date>`ledger.now() - ${seconds(idleSeconds)}`)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('operator.operator as o')
          .select('o.operator_id')
          .whereRef('o.operator_id', '=', 's.operator_id')
          .where('o.removed_at', 'is', null),
      ),
    )
    .returning('s.operator_id')
    .executeTakeFirst();
  return (row?.operator_id as OperatorId | undefined) ?? null;
}

export async function endOperatorSession(store: Store, tokenHash: Buffer): Promise<void> {
  await store
    .updateTable('operator.session')
    .set({ ended_at: now })
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .execute();
}
