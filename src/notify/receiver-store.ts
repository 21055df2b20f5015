// The SQL of who gets withdrawal notices, and where.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ClientId } from '../lib/ids.ts';

export interface Receiver {
  readonly clientId: ClientId;
  readonly delivery: 'push' | 'poll';
  /** Where to push. */
  readonly endpoint: string | null;
  readonly contact: string | null;
}

export async function findReceiver(store: Store, clientId: ClientId): Promise<Receiver | null> {
  const row = await store
    .selectFrom('notify.receiver')
    .select(['delivery', 'endpoint', 'contact'])
    .where('client_id', '=', clientId)
    .executeTakeFirst();
  return row ? { clientId, ...row } : null;
}

export async function upsertReceiver(
  store: Store,
  receiver: Receiver,
  webhookSecret: Buffer | null,
): Promise<void> {
  const { clientId, delivery, endpoint, contact } = receiver;
  const set = {
    delivery,
    endpoint,
    contact,
    webhook_secret: webhookSecret,
    changed_at: sql<Date>`ledger.now()`,
  };
  await store
    .insertInto('notify.receiver')
    .values({ client_id: clientId, ...set })
    .onConflict((conflict) => conflict.column('client_id').doUpdateSet(set))
    .execute();
}

export async function deleteReceiver(store: Store, clientId: ClientId): Promise<void> {
  await store.deleteFrom('notify.receiver').where('client_id', '=', clientId).execute();
}
