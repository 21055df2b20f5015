// The SQL of what time has decided: consents whose time is up, and requests that nobody answered.
// Rows that somebody else holds are left for the next look.
import { sql } from 'kysely';
import type { BrokerTransaction } from '../db/database.ts';
import type { ConsentId, OccupierId } from '../lib/ids.ts';
import { type Consent, consentOf, selectConsents } from './consent-store.ts';

export interface OverConsent {
  readonly consent: Consent;
  /** `end`: the tenancy that it rests on is over, and that came first. */
  readonly event: 'expire' | 'end';
}

/** Consents whose time is up, or whose single reads are all done, and that still say `given`. */
export async function findDueConsents(tx: BrokerTransaction, limit: number): Promise<OverConsent[]> {
  const { rows } = await sql<{ consent_id: string; event: 'expire' | 'end' }>`
    select c.consent_id,
           case when c.ends_at <= ledger.now() and c.ends_at < c.expires_at then 'end' else 'expire' end as event
      from consent.consent c
     where c.state = 'given' and c.consent_id in (
       (select d.consent_id from consent.consent d
         where d.state = 'given' and least(d.expires_at, d.ends_at) <= ledger.now() limit ${limit})
       union all
       (select o.consent_id from consent.consent o
         where o.state = 'given' and o.once and not exists (
           select from consent.meter_ref m
            where m.consent_id = o.consent_id and m.log_id = o.log_id and m.until_version is null and not exists (
              select from consent.single_read r where r.meter_ref = m.meter_ref and r.log_id = m.log_id))
         limit ${limit}))
     order by c.consent_id limit ${limit} for update of c skip locked`.execute(tx);
  const events = new Map(rows.map((row) => [row.consent_id, row.event]));
  const consents = await readHeld(tx, [...events.keys()]);
  return consents.map((consent) => ({ consent, event: events.get(consent.consentId) ?? 'expire' }));
}

/** Requests that were not answered in time. */
export async function findUnanswered(
  tx: BrokerTransaction,
  { withinSeconds, limit }: { readonly withinSeconds: number; readonly limit: number },
): Promise<Consent[]> {
  const held = await tx
    .selectFrom('consent.consent')
    .select('consent_id')
    .where('state', '=', 'requested')
    .where('requested_at', '<=', sql<Date>`ledger.now() - ${withinSeconds} * interval '1 second'`)
    .orderBy('requested_at')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  return readHeld(
    tx,
    held.map((row) => row.consent_id),
  );
}

export interface ToRemind {
  readonly consentId: ConsentId;
  readonly occupierId: OccupierId;
  readonly givenMs: number;
  readonly endsMs: number;
}

/** Consents in force whose next reminder is due. */
export async function findToRemind(tx: BrokerTransaction, limit: number): Promise<ToRemind[]> {
  const { rows } = await sql<{ consent_id: string; occupier_id: string; given_at: Date; ends_at: Date }>`
    select c.consent_id, c.occupier_id, least(c.expires_at, c.ends_at) as ends_at, (
      select min(s.at) from consent.step s where s.consent_id = c.consent_id and s.event = 'give') as given_at
      from consent.consent c
     where c.state = 'given' and c.remind_at <= ledger.now()
     order by c.remind_at limit ${limit} for update of c skip locked`.execute(tx);
  return rows.map((row) => ({
    consentId: row.consent_id as ConsentId,
    occupierId: row.occupier_id as OccupierId,
    givenMs: row.given_at.getTime(),
    endsMs: row.ends_at.getTime(),
  }));
}

/** Null: there is nothing more to say of it before it ends. */
export async function setNextReminders(
  tx: BrokerTransaction,
  reminders: readonly { readonly consentId: ConsentId; readonly atMs: number | null }[],
): Promise<void> {
  const ids = reminders.map(({ consentId }) => consentId);
  const times = reminders.map(({ atMs }) => (atMs === null ? null : new Date(atMs)));
  await sql`
    update consent.consent c set remind_at = n.at
      from unnest(${ids}::text[], ${times}::timestamptz[]) n(consent_id, at)
     where c.consent_id = n.consent_id`.execute(tx);
}

/** A second statement: only it sees what whoever held a row before committed. */
async function readHeld(tx: BrokerTransaction, consentIds: readonly string[]): Promise<Consent[]> {
  if (consentIds.length === 0) return [];
  const rows = await selectConsents(tx)
    .where('c.consent_id', 'in', [...consentIds])
    .orderBy('c.consent_id')
    .execute();
  return rows.map(consentOf);
}
