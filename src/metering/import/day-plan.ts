// Decides, without writing anything, what a file changes: which rows are taken, which are held already, which correct
// what is held, which are refused, and what each changed day becomes. A row counts once, however often it is given.
import { dayNumber } from '../../lib/local-date.ts';
import { dayLength, dayStart, type EpochDay, formatLocalDate, localDayOf } from '../local-time.ts';
import type { Register } from '../reading.ts';
import type { FileReading, FileRow, ImportRow, RowOutcome, RowReason } from './import-row.ts';
import type { StoredDay } from './import-writer.ts';

export interface ImportPlan {
  /** In the order of the file. */
  readonly rows: readonly ImportRow[];
  /** The days that change, whole, as they are to be. */
  readonly days: readonly StoredDay[];
}

/** A row of the file on its place in a local day: `slot` is whole where it lies on an interval of the day. */
interface Placed {
  readonly index: number;
  readonly line: number;
  readonly reading: FileReading;
  readonly slot: number;
}

interface PlannedDay {
  readonly register: Register;
  readonly day: EpochDay;
  /** Intervals of this length in the day; not whole where the length does not fit it. */
  readonly slots: number;
  readonly placed: Placed[];
}

interface Verdict {
  outcome: RowOutcome;
  reasons: RowReason[];
}

/** `held` must have every stored day that the file touches. Throws RangeError on an unknown zone. */
export function planImport(rows: readonly FileRow[], zone: string, held: readonly StoredDay[]): ImportPlan {
  const verdicts: Verdict[] = rows.map(({ reasons }) => ({ outcome: 'refused', reasons: [...reasons] }));
  const heldDays = new Map(held.map((day) => [dayKey(day.register, dayNumber(day.day)), day]));
  const days: StoredDay[] = [];
  refuseOtherLengths(rows, verdicts);
  const sound = rows.map((row, i) => (verdicts[i]?.reasons.length === 0 ? row : { ...row, reading: null }));
  for (const planned of placeRows(sound, zone).values()) {
    refuseMisplaced(planned, verdicts);
    refuseDisputed(planned, verdicts);
    const changed = planDay(planned, heldDays.get(dayKey(planned.register, planned.day)), verdicts);
    if (changed !== null) days.push(changed);
  }
  const outcomes = rows.map((row, i): ImportRow => {
    const { outcome, reasons } = verdicts[i] as Verdict;
    return { line: row.line, start: row.startText, outcome, reasons };
  });
  return { rows: outcomes, days };
}

/** The local days that the readings of a file lie on, in order. */
export function daysTouched(rows: readonly FileRow[], zone: string): EpochDay[] {
  return [...new Set([...placeRows(rows, zone).values()].map((planned) => planned.day))].sort(
    (a, b) => a - b,
  );
}

const dayKey = (register: Register, day: EpochDay): string => `${register} ${day}`;

function placeRows(rows: readonly FileRow[], zone: string): Map<string, PlannedDay> {
  const days = new Map<string, PlannedDay>();
  for (const [index, { reading, line }] of rows.entries()) {
    if (reading === null) continue;
    const day = localDayOf(zone, reading.start);
    const key = dayKey(reading.register, day);
    let planned = days.get(key);
    if (planned === undefined) {
      const slots = dayLength(zone, day) / reading.intervalSeconds;
      planned = { register: reading.register, day, slots, placed: [] };
      days.set(key, planned);
    }
    const slot = (reading.start - dayStart(zone, day)) / reading.intervalSeconds;
    planned.placed.push({ index, line, reading, slot });
  }
  return days;
}

const refuse = (verdict: Verdict | undefined, code: RowReason['code'], detail: string): void => {
  verdict?.reasons.push({ code, detail });
};

/** A register has one length of interval in one file: that of its first reading. */
function refuseOtherLengths(rows: readonly FileRow[], verdicts: readonly Verdict[]): void {
  const lengths = new Map<Register, number>();
  for (const [index, { reading }] of rows.entries()) {
    if (reading === null) continue;
    const length = lengths.get(reading.register) ?? reading.intervalSeconds;
    lengths.set(reading.register, length);
    if (reading.intervalSeconds !== length)
      refuse(
        verdicts[index],
        'import_interval_mixed',
        `${reading.intervalSeconds} seconds where the rest of ${reading.register} has ${length}`,
      );
  }
}

/** A row between two places, and the sound row it overlaps, if there is one: it cannot unseat that. */
function refuseMisplaced({ placed, day, slots }: PlannedDay, verdicts: readonly Verdict[]): void {
  const seated = new Map(placed.map((each) => [each.slot, each]));
  for (const { index, slot } of placed) {
    if (Number.isInteger(slot) && Number.isInteger(slots)) continue;
    refuse(
      verdicts[index],
      'import_interval_misplaced',
      `it does not start on an interval counted from local midnight of ${formatLocalDate(day)}`,
    );
    const other = seated.get(Math.floor(slot)) ?? seated.get(Math.ceil(slot));
    if (other !== undefined && other.index !== index)
      refuse(verdicts[index], 'import_overlap', `it overlaps line ${other.line}`);
  }
}

/** Two values for one time: nobody can say which is right, so neither is taken. */
function refuseDisputed({ placed }: PlannedDay, verdicts: readonly Verdict[]): void {
  const bySlot = Map.groupBy(placed, (each) => each.slot);
  for (const rivals of bySlot.values()) {
    if (rivals.length < 2) continue;
    for (const each of rivals) {
      const rival = rivals.find((other) => other.reading.value !== each.reading.value);
      if (rival === undefined) break;
      refuse(
        verdicts[each.index],
        'import_overlap',
        `line ${rival.line} says ${rival.reading.value} for the same time`,
      );
    }
  }
}

/** Sets the outcome of the rows of one day, and gives the day as it is to be, or null where nothing changes. */
function planDay(
  { register, day, slots, placed }: PlannedDay,
  held: StoredDay | undefined,
  verdicts: readonly Verdict[],
): StoredDay | null {
  const sound = placed.filter(({ index }) => verdicts[index]?.reasons.length === 0);
  const intervalSeconds = sound[0]?.reading.intervalSeconds;
  if (intervalSeconds === undefined) return null;
  const otherLength = held !== undefined && held.intervalSeconds !== intervalSeconds;
  if (otherLength && new Set(sound.map(({ slot }) => slot)).size < slots) {
    for (const { index } of sound)
      refuse(
        verdicts[index],
        'import_interval_mixed',
        `${formatLocalDate(day)} is held in intervals of ${held.intervalSeconds} seconds and the file has only a part of it`,
      );
    return null;
  }
  const keeps = held !== undefined && !otherLength;
  const values: (number | null)[] = keeps ? [...held.values] : Array<null>(slots).fill(null);
  const originals: Record<string, string> = keeps ? { ...held.originals } : {};
  const given = new Set<number>();
  let changes = false;
  for (const { index, reading, slot } of sound) {
    const verdict = verdicts[index] as Verdict;
    const former = given.has(slot) || keeps ? (values[slot] ?? null) : null;
    verdict.outcome = outcomeOf(former, reading.value, otherLength && !given.has(slot));
    given.add(slot);
    if (verdict.outcome === 'duplicate') continue;
    changes = true;
    values[slot] = reading.value;
    if (reading.original === undefined) delete originals[slot];
    else originals[slot] = reading.original;
  }
  return changes ? { register, day: formatLocalDate(day), intervalSeconds, values, originals } : null;
}

function outcomeOf(former: number | null, value: number, replacesOtherLength: boolean): RowOutcome {
  if (replacesOtherLength) return 'corrected';
  if (former === null) return 'taken';
  return former === value ? 'duplicate' : 'corrected';
}
