// The outbox of mail to occupiers: that a mail is due is written in the transaction that makes it so, once. What it says is
// made when it is sent, from what holds then: no address, no secret and no sentence stands here.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table notify.mail (
      mail_id bigint generated always as identity primary key,
      -- The same at every try, so that a mail program can tell a repeated one.
      message uuid not null default gen_random_uuid(),
      occupier_id text not null,
      consent_id text not null,
      kind text not null check (kind in ('receipt', 'reminder', 'ending')),
      -- Which of its kind: the version of a receipt, the count of a reminder.
      number integer not null check (number >= 0),
      tries smallint not null default 0,
      due_at timestamptz not null,
      outcome text check (outcome in ('sent', 'dropped', 'given-up')),
      settled_at timestamptz,
      fault text check (length(fault) between 1 and 300),
      unique (consent_id, kind, number),
      check ((outcome is null) = (settled_at is null))
    );
    create index mail_due on notify.mail (due_at) where outcome is null;
    grant select on notify.mail to stabledoor_app;
    grant insert (occupier_id, consent_id, kind, number, due_at) on notify.mail to stabledoor_app;
    grant update (tries, due_at, outcome, settled_at, fault) on notify.mail to stabledoor_app;

    -- Before the consents go, by which it finds them.
    create function notify.erase_household(p_log smallint, p_household text) returns void language sql
    set search_path = pg_catalog, pg_temp as $$
      delete from notify.mail m using consent.consent c
        where c.consent_id = m.consent_id and c.log_id = p_log and c.household_id = p_household
    $$;
    revoke all on function notify.erase_household(smallint, text) from public;
    insert into subject.eraser (place, function) values (16, 'notify.erase_household')`.execute(db);
}
