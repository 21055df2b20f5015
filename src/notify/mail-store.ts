// The SQL of the outbox of mail to occupiers. A mail is written once, in the transaction that makes it due; taking one sets
// when it is next due, so a process that dies with it delays it and loses nothing.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ConsentId, OccupierId } from '../lib/ids.ts';

export type MailKind = 'receipt' | 'reminder' | 'ending' | 'restored';

export interface QueuedMail {
  readonly occupierId: OccupierId;
  readonly consentId: ConsentId;
  readonly kind: MailKind;
  /** Which of its kind; the same one is not queued twice. */
  readonly number: number;
}

export interface DueMail extends QueuedMail {
  readonly mailId: number;
  readonly message: string;
  /** This one included. */
  readonly tries: number;
}

/** After the first, second … try that failed; after the last one it is given up. */
const retryAfterSeconds = [60, 600, 3600, 21_600, 86_400] as const;
export const mostMailTries = retryAfterSeconds.length + 1;
/** A process that has not settled a last try by then has died with it. */
const lastTrySeconds = 60;

export async function queueMail(tx: BrokerTransaction, mails: readonly QueuedMail[]): Promise<void> {
  if (mails.length === 0) return;
  const rows = mails.map(({ occupierId, consentId, kind, number }) => ({
    ...{ occupier_id: occupierId, consent_id: consentId, kind, number },
    due_at: sql<Date>`ledger.now()`,
  }));
  await tx
    .insertInto('notify.mail')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Mails to send now, the longest due first, each of them this process's alone until it is due again. */
export async function takeDueMail(store: Store, most: number): Promise<DueMail[]> {
  const waits = sql.raw(`'{${[...retryAfterSeconds, lastTrySeconds].join(',')}}'`);
  const { rows } = await sql<{
    mail_id: number;
    message: string;
    occupier_id: string;
    consent_id: string;
    kind: MailKind;
    number: number;
    tries: number;
  }>`
    update notify.mail m
       set tries = m.tries + 1,
           due_at = ledger.now() + (${waits}::integer[])[least(m.tries + 1, ${mostMailTries})] * interval '1 second'
      from (select w.mail_id from notify.mail w where w.outcome is null and w.due_at <= ledger.now()
             order by w.due_at limit ${most} for update skip locked) due
     where m.mail_id = due.mail_id
    returning m.mail_id, m.message, m.occupier_id, m.consent_id, m.kind, m.number, m.tries`.execute(store);
  return rows.map((row) => ({
    mailId: row.mail_id,
    message: row.message,
    occupierId: row.occupier_id as OccupierId,
    consentId: row.consent_id as ConsentId,
    kind: row.kind,
    number: row.number,
    tries: row.tries,
  }));
}

/** It does not come back. */
export async function settleMail(
  store: Store,
  mailId: number,
  outcome: 'sent' | 'dropped' | 'given-up',
  fault: string | null = null,
): Promise<void> {
  await store
    .updateTable('notify.mail')
    .set({ outcome, fault, settled_at: sql<Date>`ledger.now()` })
    .where('mail_id', '=', mailId)
    .where('outcome', 'is', null)
    .execute();
}
