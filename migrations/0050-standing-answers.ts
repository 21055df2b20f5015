// Answers that hold before anything is asked: a door kept shut, and the quiet after a no. Each is one occupier's own.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Every request is refused unseen from then on; null while the door is open.
    alter table household.occupier add column door_shut_at timestamptz;
    -- Outside production there is quiet after a no for those alone who have this, so that a trial can ask again.
    alter table household.occupier add column keeps_quiet boolean not null default false;
    grant update (door_shut_at, keeps_quiet) on household.occupier to stabledoor_app;

    -- Of a refused consent: until when its group cannot ask this occupier for the same purpose.
    alter table consent.consent add column quiet_until timestamptz
      check (quiet_until is null or state = 'refused');
    create index consent_quiet on consent.consent (occupier_id, purpose, quiet_until) where quiet_until is not null;
    grant update (quiet_until) on consent.consent to stabledoor_app`.execute(db);
}
