// The meter store: one row a meter point, register and local day, with its readings as an array. A database of its own.
// The broker's role reads it only through meter.read_days, which numbers each read, and can write to nothing here (P9).
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await readFunctions(db);
  await sql`
    grant usage on schema meter to stabledoor_import, stabledoor_meter_reader;

    grant select on meter.meter_point, meter.holding to stabledoor_meter_reader;
    grant execute on function meter.read_days(text, text, date, date), meter.reads_numbered() to stabledoor_meter_reader;

    grant select, insert on meter.meter_point, meter.day, meter.former_day, meter.import_run to stabledoor_import;
    grant update (fuel, unit, zone, synthetic, label) on meter.meter_point to stabledoor_import;
    grant update (interval_seconds, readings, originals, revision, run) on meter.day to stabledoor_import;
    grant select on meter.holding to stabledoor_import`.execute(db);
}

async function tables(db: Kysely<unknown>): Promise<void> {
  await sql`
    revoke create on schema public from public;
    create schema meter;

    create table meter.meter_point (
      mpan text primary key check (length(mpan) between 1 and 64),
      fuel text not null check (fuel in ('electricity', 'gas')),
      unit text not null check (unit in ('Wh', 'dm3')),
      -- null until somebody states it or the first file brings it
      zone text check (length(zone) between 1 and 64),
      synthetic boolean not null default false,
      label text check (length(label) <= 200)
    );

    create table meter.import_run (
      run bigint generated always as identity primary key,
      mpan text not null references meter.meter_point,
      ran_at timestamptz not null,
      format text not null check (length(format) between 1 and 40),
      file_name text not null check (length(file_name) <= 255),
      file_sha256 bytea check (octet_length(file_sha256) = 32),
      taken integer not null check (taken >= 0),
      duplicate integer not null check (duplicate >= 0),
      corrected integer not null check (corrected >= 0),
      refused integer not null check (refused >= 0)
    );

    create table meter.day (
      mpan text not null references meter.meter_point,
      register text not null check (register in ('import', 'export', 'generation')),
      day date not null,
      interval_seconds integer not null check (interval_seconds in (300, 600, 900, 1800, 3600)),
      readings integer[] not null check (
        array_ndims(readings) = 1 and array_lower(readings, 1) = 1 and cardinality(readings) between 20 and 312
        and 0 <= all (readings)),  -- null elements are absent readings; all() passes them
      originals jsonb,             -- what the file said, for values that had a fraction: {"17": "120.4"}
      revision integer not null default 1 check (revision >= 1),
      run bigint not null references meter.import_run,
      primary key (mpan, register, day)
    );

    -- Days as they were before a correction. The row of meter.day is the last valid one, and it alone is read.
    create table meter.former_day (
      mpan text not null references meter.meter_point,
      register text not null,
      day date not null,
      interval_seconds integer not null,
      readings integer[] not null,
      originals jsonb,
      revision integer not null,
      run bigint not null references meter.import_run,
      replaced_by_run bigint not null references meter.import_run,
      primary key (mpan, register, day, revision)
    );

    -- What is held, without a value of it.
    create view meter.holding as
      select d.mpan, d.register, min(d.day) as first_day, max(d.day) as last_day, max(d.interval_seconds) as interval_seconds
      from meter.day d group by d.mpan, d.register`.execute(db);
}

async function readFunctions(db: Kysely<unknown>): Promise<void> {
  await sql`
    create sequence meter.read_number as bigint no cycle;

    -- The number names this start of the server: a sequence may jump after a crash, and then the start differs too.
    create function meter.store_start() returns bigint language sql stable
    return floor(extract(epoch from pg_catalog.pg_postmaster_start_time()) * 1000)::bigint;

    -- One round trip: draws the number, then reads. days is JSON: [[day, interval_seconds, revision, [readings]], …]
    create function meter.read_days(
      p_mpan text, p_register text, p_from date, p_to date,
      out store_read text, out fuel text, out unit text, out zone text, out synthetic boolean, out label text, out days text)
    language plpgsql volatile security definer set search_path = '' as $$
    begin
      if (p_to - p_from between 1 and 366) is not true then
        raise exception 'a read is of 1 to 366 days' using errcode = 'invalid_parameter_value';
      end if;
      store_read := meter.store_start() || '/' || pg_catalog.nextval('meter.read_number');
      select m.fuel, m.unit, m.zone, m.synthetic, m.label into fuel, unit, zone, synthetic, label
        from meter.meter_point m where m.mpan = p_mpan;
      select '[' || coalesce(pg_catalog.string_agg(
          '["' || d.day || '",' || d.interval_seconds || ',' || d.revision || ',['
            || pg_catalog.array_to_string(d.readings, ',', 'null') || ']]', ',' order by d.day), '') || ']'
        into days
        from meter.day d
        where d.mpan = p_mpan and d.register = p_register and d.day >= p_from and d.day < p_to;
    end $$;

    -- How many reads this store has numbered, for whoever looks for a number without an entry.
    create function meter.reads_numbered(out store_start bigint, out last_number bigint)
    language sql stable security definer set search_path = ''
    begin atomic
      select meter.store_start(), case when s.is_called then s.last_value else 0 end from meter.read_number s;
    end;

    revoke all on function meter.store_start(), meter.read_days(text, text, date, date), meter.reads_numbered()
      from public`.execute(db);
}
