// The one clock: ledger.now() is the machine's clock plus an offset that only the owner writes. Production refuses
// an offset; elsewhere ledger.move_clock (made with the log, which knows the mode) lets tests and the demo set the time.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    revoke create on schema public from public;
    create schema ledger;
    create table ledger.clock_offset (
      only_row boolean primary key default true check (only_row),
      offset_ms bigint not null default 0
    );
    insert into ledger.clock_offset default values;

    create function ledger.now() returns timestamptz language sql volatile
    return pg_catalog.clock_timestamp()
      + (select o.offset_ms from ledger.clock_offset o) * interval '1 millisecond';

    create function ledger.now_ms() returns bigint language sql volatile
    return floor(extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint
      + (select o.offset_ms from ledger.clock_offset o);

    revoke all on function ledger.now(), ledger.now_ms() from public;
    grant usage on schema ledger to stabledoor_app, stabledoor_audit;
    grant select on ledger.clock_offset to stabledoor_app, stabledoor_audit;
    grant execute on function ledger.now(), ledger.now_ms() to stabledoor_app, stabledoor_audit`.execute(db);
}
