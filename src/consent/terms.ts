// What a third party asks for and what a householder makes of it: less, or the same, and never more. Pure.
// Every choice goes through `narrowTerms`; nothing else may write the terms of a consent that is given.
import type { Fuel } from '../household/meter-point.ts';
import type { MeterPointId } from '../lib/ids.ts';
import { type LocalDate, startOfLocalDayMs } from '../lib/local-date.ts';
import type { Purpose, Register } from '../policy/request.ts';
import { isFiner, type Resolution, resolutions } from '../registry/purposes.ts';

export interface ConsentTerms {
  readonly purpose: Purpose;
  readonly fuels: readonly Fuel[];
  readonly registers: readonly Register[];
  readonly resolution: Resolution;
  /** Local dates of the meter point; `until` is the first day not shared. */
  readonly from: LocalDate;
  readonly until: LocalDate;
  /** Each meter point may be read a single time. */
  readonly once: boolean;
  /** The approved text of the third party that is shown as a quotation, by its name. */
  readonly note: string | null;
}

/** What the householder chose on the page. Absent dates mean as asked; absent registers, the plain one (`import`). */
export interface ConsentChoice {
  readonly resolution: Resolution | null;
  readonly from?: LocalDate | undefined;
  readonly until?: LocalDate | undefined;
  readonly registers?: readonly Register[] | undefined;
  readonly meterPoints: readonly MeterPointId[];
}

export interface ShareableMeterPoint {
  readonly meterPointId: MeterPointId;
  readonly fuel: Fuel;
  readonly tenancyFrom: LocalDate;
  readonly tenancyUntil: LocalDate | null;
  readonly tenancyOver: boolean;
  /** Null where no link to it is in force. */
  readonly linkLapsesAt: Date | null;
}

export type ChoiceProblem =
  | 'resolution_missing'
  | 'resolution_finer'
  | 'from_earlier'
  | 'until_later'
  | 'window_empty'
  | 'registers_none'
  | 'registers_more'
  | 'meter_points_none'
  | 'meter_points_unknown'
  | 'nothing_less';

export type Narrowed =
  | { readonly ok: true; readonly terms: ConsentTerms; readonly meterPoints: readonly MeterPointId[] }
  | { readonly ok: false; readonly problems: readonly ChoiceProblem[] };

/** The asked resolution and every coarser one. */
export const offeredResolutions = (asked: Resolution): readonly Resolution[] =>
  resolutions.filter((resolution) => !isFiner(resolution, asked));

/**
 * Why a meter point cannot be chosen for a request: its fuel is not asked for, they did not live there then, or left, or
 * have not shown for a year that they live there.
 */
export function notShareable(
  terms: ConsentTerms,
  point: ShareableMeterPoint,
): 'fuel' | 'tenancy' | 'link' | null {
  if (!terms.fuels.includes(point.fuel)) return 'fuel';
  if (point.tenancyOver) return 'tenancy';
  const livedThere =
    point.tenancyFrom < terms.until && (point.tenancyUntil === null || point.tenancyUntil > terms.from);
  if (!livedThere) return 'tenancy';
  return point.linkLapsesAt === null ? 'link' : null;
}

export const shareable = <Point extends ShareableMeterPoint>(
  terms: ConsentTerms,
  points: readonly Point[],
): Point[] => points.filter((point) => notShareable(terms, point) === null);

export function narrowTerms(
  asked: ConsentTerms,
  choice: ConsentChoice,
  household: readonly ShareableMeterPoint[],
): Narrowed {
  const from = choice.from ?? asked.from;
  const until = choice.until ?? asked.until;
  const registers = chosenRegisters(asked, choice);
  const chosen = shareable(asked, household).filter((point) =>
    choice.meterPoints.includes(point.meterPointId),
  );
  const problems = [
    ...resolutionProblems(asked, choice.resolution),
    ...windowProblems(asked, from, until),
    ...registerProblems(asked, registers),
    ...meterPointProblems(choice, chosen),
  ];
  if (problems.length > 0 || choice.resolution === null) return { ok: false, problems };
  const fuels = asked.fuels.filter((fuel) => chosen.some((point) => point.fuel === fuel));
  return {
    ok: true,
    terms: {
      ...asked,
      fuels,
      registers: [...new Set(registers)],
      resolution: choice.resolution,
      from,
      until,
    },
    meterPoints: [...new Set(chosen.map((point) => point.meterPointId))],
  };
}

/** What a householder makes of a consent that is given: less of it. Absent dates and registers stay as they are. */
export function narrowGiven(
  given: {
    readonly terms: ConsentTerms;
    readonly meterPoints: readonly { readonly meterPointId: MeterPointId }[];
  },
  choice: ConsentChoice,
  household: readonly ShareableMeterPoint[],
): Narrowed {
  const { terms } = given;
  const shared = new Set(given.meterPoints.map((point) => point.meterPointId));
  const own = household.filter((point) => shared.has(point.meterPointId));
  const narrowed = narrowTerms(terms, { ...choice, registers: choice.registers ?? terms.registers }, own);
  if (!narrowed.ok) return narrowed;
  const less =
    narrowed.terms.resolution !== terms.resolution ||
    narrowed.terms.from !== terms.from ||
    narrowed.terms.until !== terms.until ||
    narrowed.terms.registers.length < terms.registers.length ||
    narrowed.meterPoints.length < shared.size;
  return less ? narrowed : { ok: false, problems: ['nothing_less'] };
}

function chosenRegisters(asked: ConsentTerms, choice: ConsentChoice): readonly Register[] {
  if (choice.registers !== undefined) return choice.registers;
  return asked.registers.length === 1 ? asked.registers : asked.registers.filter((r) => r === 'import');
}

function resolutionProblems(asked: ConsentTerms, chosen: Resolution | null): ChoiceProblem[] {
  if (chosen === null) return ['resolution_missing'];
  return isFiner(chosen, asked.resolution) ? ['resolution_finer'] : [];
}

function windowProblems(asked: ConsentTerms, from: LocalDate, until: LocalDate): ChoiceProblem[] {
  const problems: ChoiceProblem[] = [];
  if (from < asked.from) problems.push('from_earlier');
  if (until > asked.until) problems.push('until_later');
  if (from >= until) problems.push('window_empty');
  return problems;
}

function registerProblems(asked: ConsentTerms, chosen: readonly Register[]): ChoiceProblem[] {
  if (chosen.length === 0) return ['registers_none'];
  return chosen.every((register) => asked.registers.includes(register)) ? [] : ['registers_more'];
}

function meterPointProblems(choice: ConsentChoice, chosen: readonly ShareableMeterPoint[]): ChoiceProblem[] {
  if (choice.meterPoints.length === 0) return ['meter_points_none'];
  const known = new Set(chosen.map((point) => point.meterPointId));
  return choice.meterPoints.every((id) => known.has(id)) ? [] : ['meter_points_unknown'];
}

/** The earliest end of the tenancies and links that a consent rests on; null where none has one. */
export function tenancyEndMs(
  points: readonly {
    readonly zone: string;
    readonly tenancyUntil: LocalDate | null;
    readonly linkLapsesAt: Date | null;
  }[],
): number | null {
  const ends = points.flatMap(({ zone, tenancyUntil, linkLapsesAt }) => [
    ...(tenancyUntil === null ? [] : [startOfLocalDayMs(tenancyUntil, zone)]),
    ...(linkLapsesAt === null ? [] : [linkLapsesAt.getTime()]),
  ]);
  return ends.length === 0 ? null : Math.min(...ends);
}

const lifeOfThePastMs = 30 * 86_400_000;

/**
 * When a consent given at `givenMs` ends: as the local day `until` begins; a consent wholly about the past lives
 * 30 days. Where zones differ the earliest midnight holds, so that no zone is read a moment longer than agreed.
 */
export function expiryMs(
  terms: { readonly until: LocalDate },
  zones: readonly string[],
  givenMs: number,
): number {
  const ends = zones.map((zone) => startOfLocalDayMs(terms.until, zone));
  const end = Math.min(...ends);
  if (Number.isFinite(end) && end > givenMs) return end;
  // The entry says whole seconds: a part of one more, and a last read would stand there as one after the end.
  return Math.floor((givenMs + lifeOfThePastMs) / 1000) * 1000;
}
