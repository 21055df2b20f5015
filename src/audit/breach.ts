// What a breach at a third party reached, from the ledger alone: which households, which days, how fine. Counted is what was
// read while it lasted, and what had been read before and was still within the time for which the third party says it keeps it.
import type { Store } from '../db/database.ts';
import { parseEntry } from '../ledger/entry.ts';
import { type EntryOf, parseEntryBody } from '../ledger/entry-body.ts';
import type { LogName } from '../ledger/log-in-force.ts';
import { readSize } from '../ledger/tile-store.ts';
import type { HouseholdId } from '../lib/ids.ts';
import { type LocalDate, startOfLocalDayMs } from '../lib/local-date.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import { entriesNaming, listAddressees, voidedAmong } from './breach-store.ts';

export interface ReachedReadings {
  readonly resolution: string;
  readonly register: string;
  readonly purpose: string;
  /** Local days: the first, and the first no longer meant; those that touch are one. */
  readonly windows: readonly { readonly from: string; readonly to: string }[];
}

export interface ReachedHousehold {
  readonly householdId: HouseholdId;
  readonly emails: readonly string[];
  readonly addresses: readonly string[];
  readonly readings: readonly ReachedReadings[];
  /** Entries, as `<origin of the log>/<index>`, for whoever asks for the proof. */
  readonly readDuring: readonly string[];
  readonly heldFromBefore: readonly string[];
}

export interface BreachReport {
  readonly households: readonly ReachedHousehold[];
  /** Disclosures to households that were erased since: nobody can be written to. */
  readonly erased: number;
  /** Disclosures that were made void: recorded, and perhaps not sent. They are counted as reached. */
  readonly voided: number;
  /** By lawful orders: whom those concern may have to stay unsaid, so that nobody is written to on this account alone. */
  readonly byOrder: number;
}

export interface BreachQuestion {
  /** The log that is written to, and those that it goes on for. */
  readonly logs: readonly LogName[];
  readonly thirdParty: Pick<ThirdParty, 'clientId' | 'retentionDays'>;
  readonly from: LocalDate;
  /** The first day on which it was over. */
  readonly to: LocalDate;
  readonly zone: string;
}

interface Gathered {
  readonly during: string[];
  readonly before: string[];
  readonly readings: Map<string, EntryOf<'disclosure'>[]>;
}

export async function breachReport(store: Store, question: BreachQuestion): Promise<BreachReport> {
  const { logs, thirdParty, from, to, zone } = question;
  const startMs = startOfLocalDayMs(from, zone);
  const endMs = startOfLocalDayMs(to, zone);
  const keptMs = thirdParty.retentionDays * 86_400_000;
  const byHousehold = new Map<HouseholdId, Gathered>();
  let [erased, voided, byOrder] = [0, 0, 0];
  // One after the other: there is one log, and another for each restore.
  for (const { logId, origin } of logs) {
    const voidedEntries = await voidedAmong(store, logId);
    const size = await readSize(store, logId);
    for await (const one of entriesNaming(store, logId, thirdParty.clientId, size)) {
      const { timeMs, body: text } = parseEntry(one.entry);
      if (timeMs >= endMs || timeMs + keptMs < startMs) continue;
      const body = parseEntryBody(text);
      if (body.kind !== 'disclosure' || body.third_party !== thirdParty.clientId) continue;
      if (voidedEntries.has(one.index)) voided++;
      if (body.basis === 'order') byOrder++;
      else if (one.householdId === null) erased++;
      else gather(byHousehold, one.householdId, `${origin}/${one.index}`, body, timeMs >= startMs);
    }
  }
  const addressees = await listAddressees(store, [...byHousehold.keys()]);
  return {
    households: addressees.map((addressee) => reached(addressee, byHousehold)),
    erased,
    voided,
    byOrder,
  };
}

function gather(
  all: Map<HouseholdId, Gathered>,
  householdId: HouseholdId,
  entry: string,
  body: EntryOf<'disclosure'>,
  isDuring: boolean,
): void {
  const known = all.get(householdId) ?? { during: [], before: [], readings: new Map() };
  all.set(householdId, known);
  (isDuring ? known.during : known.before).push(entry);
  const key = [body.resolution, body.register, body.purpose].join(' ');
  known.readings.set(key, [...(known.readings.get(key) ?? []), body]);
}

function reached(
  addressee: Awaited<ReturnType<typeof listAddressees>>[number],
  all: ReadonlyMap<HouseholdId, Gathered>,
): ReachedHousehold {
  const { during, before, readings } = all.get(addressee.householdId) as Gathered;
  return {
    ...addressee,
    readings: [...readings.values()].map((bodies) => {
      const { resolution, register, purpose } = bodies[0] as EntryOf<'disclosure'>;
      return { resolution, register, purpose, windows: joined(bodies.map(({ window }) => window)) };
    }),
    readDuring: during,
    heldFromBefore: before,
  };
}

/** Windows that touch or overlap as one, in order. Dates of one form compare as text. */
export function joined(
  windows: readonly { readonly from: string; readonly to: string }[],
): { from: string; to: string }[] {
  const out: { from: string; to: string }[] = [];
  for (const { from, to } of [...windows].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = out.at(-1);
    if (last !== undefined && from <= last.to) last.to = to > last.to ? to : last.to;
    else out.push({ from, to });
  }
  return out;
}
