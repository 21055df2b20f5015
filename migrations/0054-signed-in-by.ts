// What a session was opened with: a consent must not say that a code was proven where it was a passkey.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  alter table household.session
    add column signed_in_by text not null default 'code' check (signed_in_by in ('code', 'passkey'));
  alter table household.session alter column signed_in_by drop default`.execute(db);
}
