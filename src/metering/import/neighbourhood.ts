// A made-up neighbourhood for the demo and for tests: a year of half-hours for a handful of homes, from one seed.
// Every one of its meter points is marked synthetic in the store, and every answer about it says so.
import { sql } from 'kysely';
import { addDays, addMonths, dayNumber, type LocalDate } from '../../lib/local-date.ts';
import type { DayArray } from '../reading.ts';
import { addMeterPoints, type MeterStoreWriter } from './meter-points.ts';
import { homeDays, type SyntheticHome, seededRandom } from './synthetic-home.ts';

export interface NeighbourhoodHome {
  readonly mpan: string;
  readonly home: SyntheticHome;
}

export interface Neighbourhood {
  readonly seed: number;
  readonly zone: string;
  readonly from: LocalDate;
  /** The first day without readings. */
  readonly to: LocalDate;
  readonly homes: readonly NeighbourhoodHome[];
}

/** Homes of different sizes and habits for these meter points; those in `withGap` lose some half-hours. */
export function makeNeighbourhood(
  seed: number,
  mpans: readonly string[],
  period: { readonly zone: string; readonly from: LocalDate; readonly to: LocalDate },
  withGap: readonly string[] = [],
): Neighbourhood {
  const random = seededRandom(seed);
  const homes = mpans.map((mpan, i) => ({
    mpan,
    home: someHome(random, i, period.from, period.to, withGap.includes(mpan)),
  }));
  return { seed, ...period, homes };
}

function someHome(
  random: () => number,
  place: number,
  from: LocalDate,
  to: LocalDate,
  gap: boolean,
): SyntheticHome {
  const days = dayNumber(to) - dayNumber(from);
  const someDay = (): LocalDate => addDays(from, Math.floor(random() * Math.max(1, days - 7)));
  const home = {
    baseWatts: 60 + Math.floor(random() * 120),
    people: 1 + Math.floor(random() * 4),
    outAtWork: random() < 0.6,
    electricHeating: place % 3 === 2,
    awayFrom: [someDay(), someDay()],
  };
  // Late in the period, so that a short window of the demo meets it.
  return gap ? { ...home, gap: { day: addDays(addMonths(to, -1), -3), fromSlot: 20, toSlot: 27 } } : home;
}

/** Everything in a few statements; a meter point's days that are there already are left as they are. */
export async function writeNeighbourhood(
  store: MeterStoreWriter,
  neighbourhood: Neighbourhood,
  nowMs: number,
): Promise<{ readonly readings: number }> {
  const { seed, zone, from, to, homes } = neighbourhood;
  const label = `made up by a program, seed ${seed}`;
  await addMeterPoints(
    store,
    homes.map(({ mpan }) => ({ mpan, fuel: 'electricity', zone, synthetic: true, label })),
  );
  const made = homes.map(({ mpan, home }, i) => ({
    mpan,
    days: homeDays(home, seed + i + 1, zone, from, to),
  }));
  const runs = await recordRuns(store, made, seed, nowMs);
  await insertDays(store, made, runs);
  let readings = 0;
  for (const { days } of made) for (const day of days) readings += day.values.length;
  return { readings };
}

interface MadeHome {
  readonly mpan: string;
  readonly days: readonly DayArray[];
}

async function recordRuns(
  store: MeterStoreWriter,
  made: readonly MadeHome[],
  seed: number,
  nowMs: number,
): Promise<Map<string, number>> {
  const recorded = await sql<{ mpan: string; run: number }>`
    insert into meter.import_run (mpan, ran_at, format, file_name, taken, duplicate, corrected, refused)
    select n.mpan, to_timestamp(${nowMs / 1000}::double precision), 'synthetic', ${`seed ${seed}`}, n.taken, 0, 0, 0
    from unnest(${made.map((each) => each.mpan)}::text[], ${made.map(taken)}::integer[]) as n (mpan, taken)
    returning mpan, run`.execute(store);
  return new Map(recorded.rows.map((row) => [row.mpan, row.run]));
}

const taken = ({ days }: MadeHome): number =>
  days.reduce((sum, day) => sum + day.values.filter((value) => value !== null).length, 0);

async function insertDays(
  store: MeterStoreWriter,
  made: readonly MadeHome[],
  runs: ReadonlyMap<string, number>,
): Promise<void> {
  const rows = made.flatMap(({ mpan, days }) => days.map((day) => ({ mpan, run: runs.get(mpan), day })));
  await sql`
    insert into meter.day (mpan, register, day, interval_seconds, readings, run)
    select n.mpan, 'import', n.day, n.interval_seconds, n.readings::integer[], n.run
    from unnest(${rows.map((row) => row.mpan)}::text[], ${rows.map((row) => row.day.day)}::date[],
      ${rows.map((row) => row.day.intervalSeconds)}::integer[], ${rows.map((row) => arrayText(row.day))}::text[],
      ${rows.map((row) => row.run)}::bigint[]) as n (mpan, day, interval_seconds, readings, run)
    on conflict (mpan, register, day) do nothing`.execute(store);
}

const arrayText = (day: DayArray): string => `{${day.values.map((value) => value ?? 'NULL').join(',')}}`;
