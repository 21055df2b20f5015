// Links that stop a consent without signing in, kept as hashes only; and when the next reminder of a consent is due.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table consent.stop_link (
      token_hash bytea primary key check (octet_length(token_hash) = 32),
      consent_id text not null,
      made_at timestamptz not null
    );
    create index on consent.stop_link (consent_id);
    alter table consent.consent add column remind_at timestamptz;
    create index consent_to_remind on consent.consent (remind_at) where state = 'given' and remind_at is not null;
    grant select, insert on consent.stop_link to stabledoor_app;
    grant update (remind_at) on consent.consent to stabledoor_app;

    create function consent.erase_stop_links(p_log smallint, p_household text) returns void language sql
    set search_path = pg_catalog, pg_temp as $$
      delete from consent.stop_link s using consent.consent c
        where c.consent_id = s.consent_id and c.log_id = p_log and c.household_id = p_household
    $$;
    revoke all on function consent.erase_stop_links(smallint, text) from public;
    insert into subject.eraser (place, function) values (17, 'consent.erase_stop_links')`.execute(db);
}
