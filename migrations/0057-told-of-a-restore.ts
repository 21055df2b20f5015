// Whoever shared something when a log was closed after a restore is told so, in the transaction that ends it: what ended
// for a reason that lies with us must not look like a silence.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  alter table notify.mail drop constraint mail_kind_check;
  alter table notify.mail add constraint mail_kind_check
    check (kind in ('receipt', 'reminder', 'ending', 'restored'));

  create or replace function consent.close_log(p_log smallint) returns bigint language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    with closed as (
      update consent.consent c
         set state = case c.state when 'requested' then 'lapsed' else 'ended' end, changed_at = ledger.now()
       where c.log_id = p_log and c.state in ('requested', 'given')
      returning c.consent_id, c.occupier_id, c.state
    ), told as (
      insert into notify.mail (occupier_id, consent_id, kind, number, due_at)
        select c.occupier_id, c.consent_id, 'restored', 0, ledger.now() from closed c where c.state = 'ended'
        on conflict do nothing
    ) select count(*) from closed where state = 'ended';
  $$`.execute(db);
}
