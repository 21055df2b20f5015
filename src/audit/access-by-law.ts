// What was read of a home without its consent, as the household itself is shown it: reads by licence, and lawful orders of which
// it may be told. From its own chain in the ledger, and from nothing else.
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import { listCurrentSupplies, type Supply } from '../lawful/supply-store.ts';
import { parseEntry } from '../ledger/entry.ts';
import { type EntryOf, parseEntryBody } from '../ledger/entry-body.ts';
import { openEvidence } from '../ledger/evidence.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Subjects } from '../ledger/subjects.ts';
import type { HouseholdId } from '../lib/ids.ts';
import { readEntriesByLaw } from './household-chain-store.ts';

export interface ByLawParts {
  readonly db: Database;
  readonly ledger: Pick<Ledger, 'logId' | 'origin'>;
  readonly subjects: Subjects;
}

type Read = Extract<EntryOf<'disclosure'>, { basis: 'licence' }>;

export interface ReadByLicence extends Pick<Read, 'third_party' | 'purpose' | 'resolution' | 'window'> {
  readonly index: number;
  readonly atMs: number;
}

const toldSchema = z.object({
  to: z.string(),
  instrument: z.enum(['court-order', 'statutory-notice']),
  authority: z.string(),
  reference: z.string(),
  resolution: z.enum(['P1M', 'P1D', 'PT30M']),
  from: z.string(),
  until: z.string(),
  entries: z.array(z.number()),
});
export interface OrderTold extends z.output<typeof toldSchema> {
  readonly atMs: number;
}

export interface AccessByLaw {
  readonly supplies: readonly Supply[];
  /** The newest first; at most a hundred of both together. */
  readonly reads: readonly ReadByLicence[];
  readonly orders: readonly OrderTold[];
}

const mostShown = 100;

export async function accessByLaw(
  { db, ledger: { logId, origin }, subjects }: ByLawParts,
  householdId: HouseholdId,
): Promise<AccessByLaw> {
  const [supplies, entries, subject] = await Promise.all([
    listCurrentSupplies(db, logId, householdId),
    readEntriesByLaw(db, logId, householdId, mostShown),
    subjects.find(householdId),
  ]);
  const reads: ReadByLicence[] = [];
  const orders: OrderTold[] = [];
  for (const { index, entry, sealed } of entries) {
    const { body: text, timeMs: atMs } = parseEntry(entry.toString('utf8'));
    const body = parseEntryBody(text);
    if (body.kind === 'disclosure' && body.basis === 'licence') reads.push({ ...body, index, atMs });
    if (body.kind !== 'lawful-order.opened' || subject === null || sealed === null) continue;
    const told = openEvidence(subject.record(body.req), origin, body.req, sealed).order;
    orders.push({ ...toldSchema.parse(told), atMs });
  }
  return { supplies, reads, orders };
}
