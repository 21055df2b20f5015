// One random key a household, in a database of its own: with it the household's entries can be followed and their
// commitments opened; once it is deleted, nobody can. It is never in the ledger's database or its backups.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    revoke create on schema public from public;
    create schema subject;
    create table subject.key (
      household_id text primary key check (length(household_id) between 1 and 64),
      key bytea not null check (octet_length(key) = 32)
    );
    grant usage on schema subject to stabledoor_subject_keys;
    grant select, insert, delete on subject.key to stabledoor_subject_keys`.execute(db);
}
