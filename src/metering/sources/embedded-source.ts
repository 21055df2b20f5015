// The meter store in PostgreSQL as a source: one round trip a read, through the one function that numbers reads.
// The role it connects with can do nothing else with readings, and can write nothing.
import { type Kysely, sql } from 'kysely';
import type { MeterStoreTables } from '../../db/tables/meter-store.ts';
import { StabledoorError } from '../../lib/errors.ts';
import type { LocalDate } from '../../lib/local-date.ts';
import type { DayArray, Register } from '../reading.ts';
import {
  defaultZone,
  type ReadingSource,
  type SourceAnswer,
  type SourceDescription,
  type SourceMeterPoint,
  type SourceRequest,
} from '../source.ts';

export type MeterStore = Kysely<MeterStoreTables>;

/** A row of meter.read_days; everything but the number is null when the meter point is not known. */
interface ReadRow {
  store_read: string;
  fuel: SourceMeterPoint['fuel'] | null;
  unit: SourceMeterPoint['unit'] | null;
  zone: string | null;
  synthetic: boolean | null;
  label: string | null;
  days: string;
}

export function embeddedSource(store: MeterStore): ReadingSource {
  return {
    kind: 'embedded',
    read: (request) => answered(readDays(store, request)),
    describe: (mpan) => answered(describe(store, mpan)),
  };
}

/** How many reads the store has numbered since it was made, and which start of the server it is. */
export async function readsNumbered(store: MeterStore): Promise<{ storeStart: number; lastNumber: number }> {
  const { rows } = await answered(
    sql<{ store_start: number; last_number: number }>`
      select store_start, last_number from meter.reads_numbered()`.execute(store),
  );
  const [row] = rows;
  if (row === undefined) throw new StabledoorError('meter_store_unavailable');
  return { storeStart: row.store_start, lastNumber: row.last_number };
}

async function readDays(store: MeterStore, { mpan, register, window }: SourceRequest): Promise<SourceAnswer> {
  const { rows } = await sql<ReadRow>`
    select store_read, fuel, unit, zone, synthetic, label, days
    from meter.read_days(${mpan}, ${register}, ${window.from}::date, ${window.to}::date)`.execute(store);
  const [row] = rows;
  if (row === undefined) throw new Error('meter.read_days gave no row');
  return { storeRead: row.store_read, meterPoint: meterPoint(row), days: dayArrays(row.days) };
}

function dayArrays(json: string): DayArray[] {
  const days = JSON.parse(json) as [LocalDate, number, number, (number | null)[]][];
  return days.map(([day, intervalSeconds, revision, values]) => ({ day, intervalSeconds, values, revision }));
}

function meterPoint(row: Omit<ReadRow, 'store_read' | 'days'>): SourceMeterPoint | null {
  const { fuel, unit, zone, synthetic, label } = row;
  if (fuel === null || unit === null) return null;
  return { fuel, unit, zone: zone ?? defaultZone, synthetic: synthetic ?? false, label };
}

async function describe(store: MeterStore, mpan: string): Promise<SourceDescription | null> {
  const row = await store
    .selectFrom('meter.meter_point')
    .select(['fuel', 'unit', 'zone', 'synthetic', 'label'])
    .where('mpan', '=', mpan)
    .executeTakeFirst();
  const point = row === undefined ? null : meterPoint(row);
  if (point === null) return null;
  const held = await store
    .selectFrom('meter.holding')
    .select(['register', 'first_day', 'last_day', 'interval_seconds'])
    .where('mpan', '=', mpan)
    .orderBy('register')
    .execute();
  const holdings = held.map((each) => ({
    register: each.register as Register,
    firstDay: each.first_day as LocalDate,
    lastDay: each.last_day as LocalDate,
    intervalSeconds: each.interval_seconds,
  }));
  return { ...point, holdings };
}

/** A store that fails is a store that did not answer; why stays in `cause`, for the log alone. */
async function answered<Value>(value: Promise<Value>): Promise<Value> {
  try {
    return await value;
  } catch (cause) {
    if (cause instanceof StabledoorError) throw cause;
    const error = new StabledoorError('meter_store_unavailable');
    error.cause = cause;
    throw error;
  }
}
