// How much of each allowance is leased already, shared by all processes. A row is one caller, one limit and one window of
// time; a process takes a slice of it at once and counts within its slice by itself.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create schema limits;
    -- Unlogged: after a crash everyone begins a new window, and no reading ever depends on it.
    create unlogged table limits.allowance (
      policy text not null check (length(policy) between 1 and 40),
      -- A digest: addresses of people are not kept.
      caller bytea not null check (octet_length(caller) = 16),
      window_number bigint not null,
      leased integer not null check (leased > 0),
      ends_at timestamptz not null,
      primary key (policy, caller, window_number)
    );
    create index on limits.allowance (ends_at);
    grant usage on schema limits to stabledoor_app;
    grant select, insert, update (leased) on limits.allowance to stabledoor_app`.execute(db);
}
