// Complaints of households, until each is answered: told within 30 days that they are here, and then what came of them. And a way
// to find what became of the notice that a consent is over, for the household that ended it.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  create table household.complaint (
    complaint_id text primary key check (complaint_id ~ '^complaint_[A-Za-z0-9_-]{22}$'),
    household_id text not null references household.household,
    text text not null check (length(text) between 1 and 2000),
    made_at timestamptz not null,
    acknowledged_at timestamptz check (acknowledged_at >= made_at),
    answer text check (length(answer) between 1 and 4000),
    answered_at timestamptz,
    check ((answer is null) = (answered_at is null)),
    check (answered_at is null or acknowledged_at is not null)
  );
  create index on household.complaint (household_id, made_at);
  create index complaint_open on household.complaint (made_at) where answered_at is null;
  create function household.erase_complaints(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    delete from household.complaint where household_id = p_household;
  end $$;
  revoke all on function household.erase_complaints(smallint, text) from public;
  insert into subject.eraser (place, function) values (29, 'household.erase_complaints');
  grant select, insert on household.complaint to stabledoor_app;
  grant update (acknowledged_at, answer, answered_at) on household.complaint to stabledoor_app;

  create index notice_subject on notify.notice (subject)`.execute(db);
}
