// The SQL of the outbox: notices that wait, taken by one process at a time and never held while they are on their way.
// Taking one sets when it is next due, so a process that dies with it delays it and loses nothing.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { ClientId } from '../lib/ids.ts';
import type { Notice, NoticeEvent } from './security-event.ts';

/** After the first, second … try that failed. After the last one the third party's contact gets a mail. */
export const retryAfterSeconds = [60, 300, 1800, 7200, 86_400] as const;
/** A process that has not settled a last try by then has died with it. */
const lastTrySeconds = 60;
export const mostTries = retryAfterSeconds.length + 1;

export interface DueNotice extends Notice {
  readonly noticeId: number;
  /** This one included. */
  readonly tries: number;
  readonly endpoint: string;
  readonly webhookSecret: Buffer;
  readonly contact: string | null;
}

export interface TakeOptions {
  readonly most: number;
  /** So that one third party's silence is not every other's. */
  readonly mostOfOne: number;
  /** Third parties that this process waits for already. */
  readonly busy: readonly ClientId[];
}

/** Notices to push now, the longest due first, each of them this process's alone until it is due again. */
export async function takeDue(store: Store, { most, mostOfOne, busy }: TakeOptions): Promise<DueNotice[]> {
  const waits = sql.raw(`'{${[...retryAfterSeconds, lastTrySeconds].join(',')}}'`);
  const { rows } = await sql<{
    notice_id: number;
    jti: string;
    client_id: string;
    event: NoticeEvent;
    subject: string;
    happened_at: Date;
    tries: number;
    endpoint: string;
    webhook_secret: Buffer;
    contact: string | null;
  }>`
    with due as materialized (
      select n.notice_id, r.endpoint, r.webhook_secret, r.contact
        from notify.receiver r cross join lateral (
          select w.notice_id, w.due_at from notify.notice w
           where w.client_id = r.client_id and w.outcome is null and w.due_at <= ledger.now()
           order by w.due_at, w.notice_id limit ${mostOfOne} for update skip locked
        ) n
       where r.delivery = 'push' and r.client_id <> all (${[...busy]}::text[])
       order by n.due_at limit ${most}
    )
    update notify.notice n
       set tries = n.tries + 1,
           due_at = ledger.now() + (${waits}::integer[])[least(n.tries + 1, ${mostTries})] * interval '1 second'
      from due where n.notice_id = due.notice_id
    returning n.notice_id, n.jti, n.client_id, n.event, n.subject, n.happened_at, n.tries,
      due.endpoint, due.webhook_secret, due.contact`.execute(store);
  return rows.map((row) => ({
    ...noticeOf(row),
    noticeId: row.notice_id,
    tries: row.tries,
    endpoint: row.endpoint,
    webhookSecret: row.webhook_secret,
    contact: row.contact,
  }));
}

interface NoticeRow {
  readonly jti: string;
  readonly client_id: string;
  readonly event: NoticeEvent;
  readonly subject: string;
  readonly happened_at: Date;
}

const noticeOf = (row: NoticeRow): Notice => ({
  jti: row.jti,
  clientId: row.client_id as ClientId,
  event: row.event,
  subject: row.subject,
  happenedAt: row.happened_at,
});

export type Outcome = 'delivered' | 'refused' | 'mailed' | 'given-up';

/** It does not come back. */
export async function settle(
  store: Store,
  noticeId: number,
  outcome: Outcome,
  fault: string | null,
): Promise<void> {
  await store
    .updateTable('notify.notice')
    .set({ outcome, fault: fault?.slice(0, 300) ?? null, settled_at: sql<Date>`ledger.now()` })
    .where('notice_id', '=', noticeId)
    .where('outcome', 'is', null)
    .execute();
}

/** It stays due as `takeDue` has said. */
export async function keepFault(store: Store, noticeId: number, fault: string): Promise<void> {
  await store
    .updateTable('notify.notice')
    .set({ fault: fault.slice(0, 300) })
    .where('notice_id', '=', noticeId)
    .where('outcome', 'is', null)
    .execute();
}

/** What waits for a third party that polls, the oldest first. */
export async function listWaiting(store: Store, clientId: ClientId, most: number): Promise<Notice[]> {
  const rows = await store
    .selectFrom('notify.notice')
    .select(['jti', 'client_id', 'event', 'subject', 'happened_at'])
    .where('client_id', '=', clientId)
    .where('outcome', 'is', null)
    .orderBy('notice_id')
    .limit(most)
    .execute();
  return rows.map(noticeOf);
}

/** Settles those of its own that a third party names; others are passed over. */
export async function acknowledge(
  store: Store,
  clientId: ClientId,
  jtis: readonly string[],
  outcome: 'delivered' | 'refused',
): Promise<void> {
  if (jtis.length === 0) return;
  await store
    .updateTable('notify.notice')
    .set({ outcome, settled_at: sql<Date>`ledger.now()` })
    .where('client_id', '=', clientId)
    .where('jti', 'in', [...jtis])
    .where('outcome', 'is', null)
    .execute();
}

/** Of a third party that wants none any more. */
export async function giveUpWaiting(store: Store, clientId: ClientId): Promise<void> {
  await store
    .updateTable('notify.notice')
    .set({ outcome: 'given-up', settled_at: sql<Date>`ledger.now()` })
    .where('client_id', '=', clientId)
    .where('outcome', 'is', null)
    .execute();
}

export interface GivenUp {
  readonly clientId: ClientId;
  readonly contact: string | null;
  readonly count: number;
}

/** What has waited for more than so many whole days, the oldest first and at most `most`; how much of it is whose. */
export async function giveUpOld(store: Store, days: number, most: number): Promise<GivenUp[]> {
  const { rows } = await sql<{ client_id: string; contact: string | null; count: number }>`
    with old as materialized (
      select n.notice_id from notify.notice n
       where n.outcome is null
         and n.happened_at < date_trunc('day', ledger.now(), 'UTC') - ${days} * interval '1 day'
       order by n.happened_at limit ${most} for update skip locked
    ), gone as (
      update notify.notice n set outcome = 'given-up', settled_at = ledger.now(), fault = 'nobody took it in time'
        from old where n.notice_id = old.notice_id returning n.client_id
    )
    select g.client_id, r.contact, count(*)::integer as count
      from gone g left join notify.receiver r on r.client_id = g.client_id
     group by g.client_id, r.contact order by g.client_id`.execute(store);
  return rows.map((row) => ({ clientId: row.client_id as ClientId, contact: row.contact, count: row.count }));
}
