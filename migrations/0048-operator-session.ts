// Operators who are signed in on their page: short sessions, of which only the hash of the token is kept.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table operator.session (
      token_hash bytea primary key check (octet_length(token_hash) = 32),
      operator_id text not null references operator.operator,
      begun_at timestamptz not null,
      seen_at timestamptz not null,
      expires_at timestamptz not null check (expires_at > begun_at and expires_at <= begun_at + interval '61 minutes'),
      ended_at timestamptz
    );
    create index on operator.session (expires_at);
    grant select, insert, delete on operator.session to stabledoor_app;
    grant update (seen_at, ended_at) on operator.session to stabledoor_app`.execute(db);
}
