// The SQL of an import, through the importer's role: what is held is read under a lock, and what changes is written
// with the day as it was kept beside it. Runs inside the transaction of the run, so that a failure leaves nothing.
import { type Selectable, sql } from 'kysely';
import type { MeterPointRow, NewImportRun } from '../../db/tables/meter-store.ts';
import type { LocalDate } from '../../lib/local-date.ts';
import type { Register } from '../reading.ts';
import type { MeterStoreWriter } from './meter-points.ts';

/** A day as the store holds it, or is to hold it. */
export interface StoredDay {
  readonly register: Register;
  readonly day: LocalDate;
  readonly intervalSeconds: number;
  readonly values: readonly (number | null)[];
  /** What the file said, by index, for values that had a fraction. */
  readonly originals: Readonly<Record<string, string>>;
}

/** Locks the meter point, so that two imports for it follow each other. */
export async function lockMeterPoint(
  store: MeterStoreWriter,
  mpan: string,
): Promise<Selectable<MeterPointRow> | undefined> {
  return await store
    .selectFrom('meter.meter_point')
    .select(['mpan', 'fuel', 'unit', 'zone', 'synthetic', 'label'])
    .where('mpan', '=', mpan)
    .forUpdate()
    .executeTakeFirst();
}

export async function storedDays(
  store: MeterStoreWriter,
  mpan: string,
  first: LocalDate,
  last: LocalDate,
): Promise<StoredDay[]> {
  const rows = await store
    .selectFrom('meter.day')
    .select(['register', 'day', 'interval_seconds', 'readings', 'originals'])
    .where('mpan', '=', mpan)
    .where('day', '>=', first)
    .where('day', '<=', last)
    .execute();
  return rows.map((row) => ({
    register: row.register as Register,
    day: row.day as LocalDate,
    intervalSeconds: row.interval_seconds,
    values: row.readings,
    originals: row.originals ?? {},
  }));
}

export async function settleZone(store: MeterStoreWriter, mpan: string, zone: string): Promise<void> {
  await store.updateTable('meter.meter_point').set({ zone }).where('mpan', '=', mpan).execute();
}

export async function recordRun(
  store: MeterStoreWriter,
  run: Omit<NewImportRun, 'ran_at'>,
  nowMs: number,
): Promise<number> {
  const recorded = await store
    .insertInto('meter.import_run')
    .values({ ...run, ran_at: sql<Date>`to_timestamp(${nowMs}::double precision / 1000)` })
    .returning('run')
    .executeTakeFirstOrThrow();
  return recorded.run;
}

/** Writes whole days. One that is held already becomes a former day, and its successor the next revision. */
export async function writeDays(
  store: MeterStoreWriter,
  mpan: string,
  run: number,
  days: readonly StoredDay[],
): Promise<void> {
  if (days.length === 0) return;
  const registers = days.map((day) => day.register);
  const dates = days.map((day) => day.day);
  await sql`
    insert into meter.former_day
      (mpan, register, day, interval_seconds, readings, originals, revision, run, replaced_by_run)
    select d.mpan, d.register, d.day, d.interval_seconds, d.readings, d.originals, d.revision, d.run, ${run}
    from unnest(${registers}::text[], ${dates}::date[]) as changed (register, day)
    join meter.day d on d.mpan = ${mpan} and d.register = changed.register and d.day = changed.day`.execute(
    store,
  );
  // unnest takes no arrays of unequal length as rows, so each day's array travels as its text form.
  await sql`
    insert into meter.day (mpan, register, day, interval_seconds, readings, originals, revision, run)
    select ${mpan}, n.register, n.day, n.interval_seconds, n.readings::integer[], n.originals, 1, ${run}
    from unnest(${registers}::text[], ${dates}::date[], ${days.map((day) => day.intervalSeconds)}::integer[],
      ${days.map(arrayText)}::text[], ${days.map(originalsText)}::jsonb[])
      as n (register, day, interval_seconds, readings, originals)
    on conflict (mpan, register, day) do update set interval_seconds = excluded.interval_seconds,
      readings = excluded.readings, originals = excluded.originals, revision = meter.day.revision + 1,
      run = excluded.run`.execute(store);
}

const arrayText = (day: StoredDay): string => `{${day.values.map((value) => value ?? 'NULL').join(',')}}`;

const originalsText = (day: StoredDay): string | null =>
  Object.keys(day.originals).length === 0 ? null : JSON.stringify(day.originals);
