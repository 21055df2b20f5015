// The map of tags as it is kept (docs/tag-map.md): its trees in pages of four levels, so that a map grows by the pages on the
// ways to its new tags. All of it follows from the entries, and verification makes it anew: who writes here can make a proof
// fail, never a false one hold.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  create schema tag_map;
  -- prefix: the beginning of the tags whose subtree this is, in hexadecimal digits.
  create table tag_map.page (
    log_id smallint not null,
    span integer not null check (span >= 0),
    prefix bytea not null check (octet_length(prefix) <= 63),
    slots bytea not null check (octet_length(slots) between 16 and 1040),
    primary key (log_id, span, prefix)
  );
  -- The root of each span as far as the map has grown.
  create table tag_map.span (
    log_id smallint not null,
    span integer not null check (span >= 0),
    root bytea not null check (octet_length(root) = 32),
    primary key (log_id, span)
  );
  create table tag_map.progress (
    log_id smallint primary key,
    -- Entries whose tags are in the pages.
    size bigint not null check (size >= 0),
    -- Entries that the newest map in the log covers.
    published_size bigint check (published_size <= size),
    -- The entry that says so.
    published_idx bigint check (published_idx >= published_size),
    published_at timestamptz
  );
  grant usage on schema tag_map to stabledoor_app;
  grant select, insert, update on tag_map.page, tag_map.span, tag_map.progress to stabledoor_app`.execute(db);
}
