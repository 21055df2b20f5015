// The life of a key that signs access tokens: published, signing from a moment that every process knows, retired.
// Verification needs this table alone, so a process without the private key still knows a token that another signed.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table oauth.signing_key add column signs_from timestamptz, add column retired_at timestamptz;
    update oauth.signing_key set signs_from = published_at;
    alter table oauth.signing_key alter column signs_from set not null,
      add check (signs_from >= published_at), add check (retired_at > published_at);
    grant update (retired_at) on oauth.signing_key to stabledoor_app;
    grant usage on schema oauth to stabledoor_audit;
    grant select on oauth.signing_key to stabledoor_audit`.execute(db);
}
