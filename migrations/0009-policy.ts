// The policy texts that have been published, so that a decision can be replayed with the text of its time.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create schema policy;
    create table policy.published (
      log_id smallint not null,
      digest text not null check (digest ~ '^[A-Za-z0-9+/]{43}=$'),
      text text not null check (length(text) between 1 and 1000000),
      effective_at timestamptz not null,
      primary key (log_id, digest)
    );
    grant usage on schema policy to stabledoor_app, stabledoor_audit;
    grant select, insert on policy.published to stabledoor_app;
    grant select on policy.published to stabledoor_audit`.execute(db);
}
